"""A stack that an earlier commit made, with that commit's locks, and today's start on its data."""

import json
import shutil
import subprocess
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.processes import ROOT
from support.stacks.local import Stack

COMMIT = "2b07aaf"


def read(port: int, path: str) -> dict:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as response:
        return dict(json.load(response))


@pytest.fixture
def earlier(tmp_path: Path) -> Iterator[Path]:
    """The repository at that commit; its environments, 2 GB, are removed in the end."""
    archive = subprocess.run(["git", "archive", COMMIT], cwd=ROOT, capture_output=True, check=False)
    if archive.returncode != 0:
        pytest.skip(f"the history does not have {COMMIT}: a shallow clone")
    root = tmp_path / "earlier"
    root.mkdir()
    subprocess.run(["tar", "--extract"], cwd=root, input=archive.stdout, check=True)
    yield root
    shutil.rmtree(root)


@pytest.mark.slow
def test_a_stack_of_an_earlier_commit_goes_on_with_its_versions_and_trains_nothing(
    earlier: Path, tmp_path: Path
):
    state = tmp_path / "state"
    before = Stack(state, root=earlier)
    before.up()
    before.wait_for_output("Ctrl-C", 400)
    version = read(before.api_port, "/model")
    before.press_ctrl_c()
    before.wait()
    assert before.processes() == []
    after = Stack(state)
    after.output = state.with_suffix(".after")
    after.up()
    try:
        after.wait_for_output("The stack runs:")
        assert "Epoch" not in after.read_output()
        same = ("version", "run_id", "test_accuracy", "sha256")
        now = read(after.api_port, "/model")
        assert {key: now[key] for key in same} == {key: version[key] for key in same}
        run = f"/api/2.0/mlflow/runs/get?run_id={version['run_id']}"
        assert read(after.mlflow_port, run)["run"]["info"]["status"] == "FINISHED"
    finally:
        after.press_ctrl_c()
        after.wait()
