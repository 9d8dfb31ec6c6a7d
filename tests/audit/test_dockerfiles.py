"""hadolint on the Dockerfiles."""

import re
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


def test_what_an_image_copies_from_a_clone_is_readable_for_its_user():
    """Without a mode a copy keeps that of the clone, which a umask may keep to its owner."""
    dockerfiles = (*ROOT.glob("*/Dockerfile"), *ROOT.glob("*/*/Dockerfile"))
    text = "".join(path.read_text() for path in dockerfiles)
    copied = [line for line in re.findall("^(?:COPY|ADD) .*", text, re.M) if "--from=" not in line]
    assert len(copied) >= 10
    assert [line for line in copied if "--chmod=755 " not in line] == []
