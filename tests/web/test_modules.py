"""The screen's pure modules under Node, where there is one: lists, map marks, the drawn county."""

import shutil
import subprocess
from pathlib import Path

import pytest

NODE = shutil.which("node")
# Without a package.json Node would read `.js` as CommonJS; a browser knows better from the page.
AS_MODULES = "--experimental-default-type=module"


@pytest.mark.skipif(NODE is None, reason="needs Node")
def test_state_and_schematic() -> None:
    assert NODE is not None
    script = Path(__file__).parent / "state_test.mjs"
    done = subprocess.run(
        [NODE, AS_MODULES, str(script)], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
