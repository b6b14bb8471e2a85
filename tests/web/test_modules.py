"""The pages' pure modules under Node, where there is one: lists, map marks, a visit from tap to answer."""

import shutil
import subprocess
from pathlib import Path

import pytest

NODE = shutil.which("node")
# Without a package.json Node would read `.js` as CommonJS; a browser knows better from the page.
AS_MODULES = "--experimental-default-type=module"


@pytest.mark.skipif(NODE is None, reason="needs Node")
@pytest.mark.parametrize("name", ["state_test.mjs", "desk_test.mjs", "inspect_test.mjs"])
def test_modules(name: str) -> None:
    assert NODE is not None
    script = Path(__file__).parent / name
    done = subprocess.run(
        [NODE, AS_MODULES, str(script)], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
