"""What the inspector's page needs to start without a network: its files, and the worker that keeps them."""

import hashlib
import json
import re
from functools import lru_cache
from pathlib import Path

STATIC = "/static/"
_PAGE = "inspect.html"
_PAGE_ADDRESS = "/inspect"
_WORKER = "inspect/worker.js"
_LINKED = re.compile(r'(?:href|src)="/static/([^"]+)"')
_IMPORTED = re.compile(r'^(?:import|export)\b[^;]*?"(\.[^"]+)"', re.MULTILINE)
_ICON = re.compile(r'"src": "/static/([^"]+)"')
_FOLLOWED = {".html": _LINKED, ".js": _IMPORTED, ".webmanifest": _ICON}


@lru_cache(maxsize=1)
def worker(web: Path, locales: Path) -> str:
    """The service worker with the list of files that it keeps; its version is the hash of all of them.

    Read once for each start: what is served changes with the package only.
    """
    kept = {_PAGE_ADDRESS: (web / _PAGE).read_bytes()}
    kept |= {STATIC + name: (web / name).read_bytes() for name in _files(web)}
    kept |= {f"/locales/{path.name}": path.read_bytes() for path in sorted(locales.glob("*.json"))}
    shell = [[address, hashlib.sha256(content).hexdigest()] for address, content in kept.items()]
    script = (web / _WORKER).read_text("utf-8")
    version = hashlib.sha256(json.dumps([shell, script]).encode()).hexdigest()[:16]
    return f"const VERSION = {json.dumps(version)};\nconst SHELL = {json.dumps(shell)};\n{script}"


def _files(web: Path) -> list[str]:
    """Everything that the page names, and what that names: styles, modules, manifest, icons."""
    found: set[str] = set()
    left = [_PAGE]
    while left:
        name = left.pop()
        named = _FOLLOWED.get(Path(name).suffix)
        if named is None:
            continue
        for target in named.findall((web / name).read_text("utf-8")):
            path = (web / name).parent / target if target.startswith(".") else web / target
            address = path.resolve().relative_to(web.resolve()).as_posix()
            if address not in found:
                found.add(address)
                left.append(address)
    return sorted(found)
