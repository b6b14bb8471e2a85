"""The rules of the house as functions: (module name, source) in, a sentence for each breach out.

A module name is dotted, `safety_service.store.alerts`; a package stands for its `__init__`.
"""

import ast
from collections.abc import Iterator

MOST_FILE_LINES = 300
MOST_FUNCTION_LINES = 40

_BELOW_SERVICES = {"store", "channels", "live", "blobs", "domain", "settings"}
MAY_IMPORT: dict[str, set[str]] = {
    "cli": {"commands"},
    "commands": {
        "main",
        "runtime",
        "server",
        "logs",
        "footprint",
        "mqtt",
        "services",
        "store",
        "blobs",
        "domain",
        "settings",
    },
    "main": {"api", "runtime", "services", "store", "blobs", "domain", "settings"},
    "runtime": {"leading", "footprint", "mqtt", "jobs", "services", "live", "store", "domain", "settings"},
    "leading": {"receiving", "mqtt", "services", "store", "domain", "settings"},
    "receiving": {"mqtt", "logs", "footprint", "services", "store", "domain"},
    "server": {"domain"},
    "api": {"services", "live", "store", "blobs", "domain", "settings"},
    "mqtt": {"services", *_BELOW_SERVICES},
    "jobs": {"services", *_BELOW_SERVICES},
    "services": _BELOW_SERVICES,
    "store": {"domain"},
    "channels": {"domain"},
    "live": {"domain"},
    "blobs": {"domain"},
    "domain": set(),
    "settings": set(),
    "logs": set(),
    "footprint": set(),
}
"""The layers, each with those it may import beside itself; whatever is not named here has no place yet."""

_PURE_STANDARD_LIBRARY = """
    abc base64 binascii bisect calendar collections contextlib copy dataclasses datetime decimal difflib
    email.utils.parsedate_to_datetime enum fractions functools hashlib heapq ipaddress itertools json keyword
    math operator re statistics string textwrap types typing unicodedata urllib.parse zoneinfo
    xml.etree.ElementTree.Element xml.etree.ElementTree.SubElement xml.etree.ElementTree.tostring
    xml.etree.ElementTree.XML zlib
"""
PURE_STANDARD_LIBRARY = frozenset(_PURE_STANDARD_LIBRARY.split())
PURE_LIBRARIES = frozenset(
    {"pydantic", "pydantic_core", "annotated_types", "msgspec", "yaml", "dateutil", "defusedxml", "google"}
)
CLOCKS = frozenset({"now", "utcnow", "today", "monotonic", "perf_counter"})
OUTSIDE_WORLD = frozenset({"open", "input", "print", "exec", "eval", "__import__", "breakpoint"})

COMMITTING = frozenset({"safety_service.store.session"})
BEGINNING = COMMITTING | {"safety_service.store.migrations"}
SETTINGS_BUILDERS = ("safety_service.cli", "safety_service.commands", "safety_service.main")


def imports(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Every imported module with its line; `from package import name` counts as `package.name`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            module = "." * node.level + (node.module or "")
            yield from ((node.lineno, f"{module}.{alias.name}") for alias in node.names)


def import_order(module: str, source: str) -> Iterator[str]:
    """Imports point downward; siblings, the simulator and the service do not know each other."""
    package, _, rest = module.partition(".")
    own = rest.partition(".")[0]
    for line, name in imports(ast.parse(source)):
        target, _, inner = name.partition(".")
        if target.startswith(".") or not target:
            yield f"line {line}: a relative import; write it in full"
        elif package == "device_simulator" and target == "safety_service":
            yield f"line {line}: the simulator knows the wire only, not {name}"
        elif package == "safety_service" and target in {"device_simulator", "tests"}:
            yield f"line {line}: the service does not import {name}"
        elif package == target == "safety_service":
            yield from _layer_breach(line, own, inner.partition(".")[0])


def _layer_breach(line: int, own: str, other: str) -> Iterator[str]:
    if not own or own == other or other == "__version__":
        return
    if own not in MAY_IMPORT:
        yield f"line {line}: {own} has no place among the layers"
    elif other not in MAY_IMPORT[own]:
        yield f"line {line}: {own} may not import {other}"


def imports_on_top(_module: str, source: str) -> Iterator[str]:
    """No import inside a function: what a module needs is said at its head."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            for line, name in imports(node):
                yield f"line {line}: {name} is imported inside {node.name}"


def purity(module: str, source: str) -> Iterator[str]:
    """`domain/` is told everything: no library that reaches out, no clock, no I/O."""
    if not _within(module, "safety_service.domain"):
        return
    tree = ast.parse(source)
    for line, name in imports(tree):
        if not _is_pure(name):
            yield f"line {line}: domain may not import {name}"
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr in CLOCKS and not isinstance(node.ctx, ast.Store):
            owner = ast.unparse(node.value).rpartition(".")[2]
            if owner in {"datetime", "date", "time"}:
                yield f"line {node.lineno}: domain reads no clock, but here is {ast.unparse(node)}"
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in OUTSIDE_WORLD:
            yield f"line {node.lineno}: domain does not call {node.func.id}"


def _is_pure(name: str) -> bool:
    if name.partition(".")[0] in PURE_LIBRARIES or name.startswith("safety_service.domain."):
        return True
    parts = name.split(".")
    return any(".".join(parts[:length]) in PURE_STANDARD_LIBRARY for length in range(1, len(parts) + 1))


def committing(module: str, source: str) -> Iterator[str]:
    """Only `session_scope` ends a transaction; only migrations begin one of their own."""
    may_begin = module in BEGINNING or _within(module, "safety_service.domain")
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            if node.func.attr == "commit" and module not in COMMITTING:
                yield f"line {node.lineno}: commits outside session_scope"
            if node.func.attr == "begin" and not may_begin:
                yield f"line {node.lineno}: begins a transaction outside session_scope"


def settings_are_handed_down(module: str, source: str) -> Iterator[str]:
    """Settings are built where a process starts and handed down from there."""
    if any(_within(module, builder) for builder in SETTINGS_BUILDERS):
        return
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] == "Settings":
            yield f"line {node.lineno}: builds Settings"


def no_print(_module: str, source: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print":
            yield f"line {node.lineno}: print; a command says it with typer.echo, everything else logs"


def short(_module: str, source: str) -> Iterator[str]:
    lines = len(source.splitlines())
    if lines > MOST_FILE_LINES:
        yield f"{lines} lines, at most {MOST_FILE_LINES}"
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            if length > MOST_FUNCTION_LINES:
                yield f"line {node.lineno}: {node.name} has {length} lines, at most {MOST_FUNCTION_LINES}"


def promise(module: str, source: str) -> Iterator[str]:
    """A module opens with one line saying what it promises; an empty `__init__` promises nothing."""
    tree = ast.parse(source)
    if tree.body and not (ast.get_docstring(tree) or "").partition("\n")[0].strip():
        yield f"{module} does not say in its first line what it promises"


def file_names(module: str, _source: str) -> Iterator[str]:
    last = module.rpartition(".")[2]
    for word in ("utils", "util", "manager", "helper", "helpers", "data", "info", "misc", "common"):
        if word in last.split("_"):
            yield f"{module} says nothing by the word {word!r}"


def _within(module: str, package: str) -> bool:
    return module == package or module.startswith(f"{package}.")


EVERY_MODULE = (
    import_order,
    imports_on_top,
    purity,
    committing,
    settings_are_handed_down,
    no_print,
    short,
    promise,
    file_names,
)
