"""The tree keeps the rules of the house."""

from pathlib import Path

import pytest

from tests.house import rules, tree

MODULES = list(tree.modules())
VENDORED = "safety_service/web/vendor/"


@pytest.mark.parametrize("rule", rules.EVERY_MODULE, ids=lambda rule: rule.__name__)
def test_every_module_keeps(rule: object) -> None:
    assert callable(rule)
    breaches = [
        f"{path.relative_to(tree.ROOT)}: {breach}"
        for module, path in MODULES
        for breach in rule(module, path.read_text(encoding="utf-8"))
    ]
    assert breaches == []


def test_the_modules_were_found() -> None:
    names = {module for module, _ in MODULES}
    assert {
        "safety_service",
        "safety_service.cli",
        "safety_service.domain.types",
        "device_simulator.cli",
    } <= names
    assert not [layer for layer in rules.MAY_IMPORT if not _exists(layer)]


def _exists(layer: str) -> bool:
    package = tree.ROOT / "safety_service"
    return (package / f"{layer}.py").is_file() or (package / layer).is_dir()


def test_yaml_text_is_parsed_in_few_places_of_the_core() -> None:
    importers = [
        module
        for module, path in MODULES
        if module.startswith("safety_service.domain.")
        and "import yaml" in path.read_text(encoding="utf-8").splitlines()
    ]
    assert len(importers) <= 2, importers


def test_nothing_stands_on_top_that_has_no_place_there() -> None:
    assert tree.stray_entries(tree.tracked()) == set()


def test_no_file_names_a_registry_or_a_path_of_one_machine() -> None:
    found = []
    for name in tree.tracked():
        if name.startswith(VENDORED) or name == "tests/house/tree.py":
            continue
        try:
            text = Path(tree.ROOT / name).read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        found += [f"{name}:{number}: {match}" for number, match in tree.hosts_and_paths(text)]
    assert found == []


def test_pages_ask_nobody_but_the_service() -> None:
    """No script, style, font or image from another host, outside what is vendored."""
    asking = ('src="http', "src='http", 'href="http', "url(http", 'import "http', 'from "http', "@import")
    found = [
        f"{name}: {word}"
        for name in tree.tracked()
        if name.startswith("safety_service/web/") and not name.startswith(VENDORED)
        if name.endswith((".html", ".css", ".js", ".svg"))
        for word in asking
        if word in (tree.ROOT / name).read_text(encoding="utf-8")
    ]
    assert found == []
