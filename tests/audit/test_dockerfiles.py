"""hadolint on the Dockerfiles."""

import shutil
import subprocess
from pathlib import Path

from support.processes import ROOT, python_of


def test_the_dockerfiles_have_no_finding():
    checked = subprocess.run(
        [python_of("audit"), "-m", "audit", "dockerfiles"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_a_finding_is_an_error_in_spite_of_our_exceptions(tmp_path: Path):
    shutil.copy(ROOT / ".hadolint.yaml", tmp_path)
    (tmp_path / "Dockerfile").write_text("FROM debian:latest\nRUN cd /opt && apt-get update\n")
    hadolint = python_of("audit").with_name("hadolint")
    checked = subprocess.run(
        [hadolint, "Dockerfile"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert checked.returncode != 0
    assert "DL3007" in checked.stdout
    assert "DL3003" not in checked.stdout
