"""The commands of docs/security.md that give the local API a token."""

import json
import shlex
import subprocess
from pathlib import Path

import httpx

from support.documents import LOCAL_SECURITY, SECURITY, find_commands
from support.stacks.local import Stack


def test_an_api_that_the_documented_commands_start_needs_the_token(
    trained_state: Path, tmp_path: Path
):
    make, start, ask = (c for c in find_commands(SECURITY) if c.startswith(LOCAL_SECURITY))
    subprocess.run(["bash", "-c", make], cwd=tmp_path, check=True)
    assert (tmp_path / ".local" / "api-token").stat().st_mode & 0o077 == 0
    stack = Stack(trained_state)
    stack.up(*shlex.split(start.replace("$PWD", str(tmp_path))))
    try:
        stack.wait_for_output("The stack runs:")
        url = f"http://127.0.0.1:{stack.api_port}"
        assert httpx.get(f"{url}/model", timeout=20).status_code == 401
        ask = ask.replace("http://127.0.0.1:8000", url)
        answer = subprocess.check_output(["bash", "-c", ask], cwd=tmp_path, text=True)
        assert json.loads(answer)["version"] == "1"
    finally:
        stack.press_ctrl_c()
        stack.wait()
