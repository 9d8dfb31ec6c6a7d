"""`make train` with DATA_DIR, for the trainer as a local process and in a container."""

import os
import subprocess
from pathlib import Path

import pytest

from local.programs import trainer
from local.settings import Settings
from support.processes import ROOT

DOCKER = """#!/bin/sh
[ "$2" = ps ] && echo some-container && exit
printf '%s\\n' "$@"
"""


def test_a_local_trainer_resolves_the_folder_from_the_working_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DATA_DIR", "my clothes")
    assert trainer(Settings(), ["train"]).environ["DATA_DIR"] == str(tmp_path / "my clothes")
    monkeypatch.setenv("DATA_DIR", "")
    assert trainer(Settings(), ["train"]).environ["DATA_DIR"] == str(ROOT / "trainer" / "data")


@pytest.mark.parametrize("given", [True, False])
def test_a_composed_trainer_gets_the_folder_as_a_volume(tmp_path: Path, given: bool):
    """With a fake `docker` that prints its arguments."""
    (tmp_path / "docker").write_text(DOCKER)
    (tmp_path / "docker").chmod(0o755)
    folder = tmp_path / "my clothes"
    folder.mkdir()
    arguments = subprocess.run(
        ["make", "--silent", "train", "ARGS=--floor 0.85"],
        cwd=ROOT,
        env=os.environ
        | {"PATH": f"{tmp_path}:{os.environ['PATH']}", "DATA_DIR": str(folder) if given else ""},
        capture_output=True, text=True, check=True,
    ).stdout.splitlines()  # fmt: skip
    volume = ["--volume", f"{folder}:/data/my clothes:ro", "--env", "DATA_DIR=/data/my clothes"]
    options = volume if given else []
    train = ["trainer", "train", "--floor", "0.85"]
    assert arguments == ["compose", "run", "--rm", *options, *train]
