"""The local stack where the environment names a proxy, as in many companies and universities."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from support.processes import ROOT
from support.stacks.local import Stack

pytestmark = pytest.mark.slow

NAMES = ("http_proxy", "https_proxy", "all_proxy")


@pytest.mark.parametrize("spelling", [str.lower, str.upper])
def test_nothing_on_this_machine_is_asked_by_a_proxy(
    trained_state: Path, tmp_path: Path, spelling: Callable[[str], str]
):
    """The proxy refuses all; the API starts without a cached version."""
    proxies = dict.fromkeys(map(spelling, NAMES), "http://127.0.0.1:9")
    excepted = dict.fromkeys(("no_proxy", "NO_PROXY"), "")
    excepted[spelling("no_proxy")] = "theirs.example"
    stack = Stack(trained_state, MODEL_CACHE=str(tmp_path / "cache"), **proxies, **excepted)
    stack.up()
    stack.wait_for_output("The stack runs:")
    for arguments in (["versions"], ["train", "--recipe=quick", "--epochs=1", "--limit=500"]):
        trained = subprocess.run(
            [sys.executable, "-m", "local", "trainer", *arguments],
            cwd=ROOT, env=stack.environ, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert trained.returncode == 0, trained.stderr
    stack.press_ctrl_c()
    stack.wait()
