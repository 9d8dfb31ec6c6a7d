"""The notebook snippets of docs/usage.md, each in an environment with only what it installs."""

import os
import re
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest

from support.documents import find_fences
from support.processes import ROOT
from support.stacks.local import Stack

pytestmark = pytest.mark.slow

UV = ROOT / ".local" / "environments" / "uv" / "bin" / "uv"


def find_snippets() -> list[tuple[str, str]]:
    """Return each snippet of Python with the packages that the block before it installs."""
    fences = find_fences(ROOT / "docs" / "usage.md", "sh", "python")
    return [
        (before.text.removeprefix("pip install ").strip(), fence.text)
        for before, fence in pairwise(fences)
        if fence.language == "python"
    ]


@pytest.mark.parametrize(("packages", "code"), find_snippets(), ids=lambda text: text[:30])
def test_a_snippet_runs_with_the_packages_it_names(
    running_stack: Stack, tmp_path: Path, packages: str, code: str
):
    assert re.fullmatch(r"[a-z ]+", packages)
    venv = tmp_path / "venv"
    subprocess.run([UV, "venv", "--quiet", "--python", sys.executable, venv], check=True)
    python = venv / "bin" / "python"
    installed = subprocess.run(
        [UV, "pip", "install", "--quiet", "--python", python, *packages.split()],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if installed.returncode and "CI" not in os.environ:
        pytest.skip(f"no package index: {installed.stderr}")
    assert installed.returncode == 0, installed.stderr
    code = code.replace("127.0.0.1:5000", f"127.0.0.1:{running_stack.mlflow_port}")
    result = subprocess.run(
        [python, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert result.returncode == 0, result.stderr
    assert re.search(r"^\[\d\]$", result.stdout, re.MULTILINE), "the digit of one image"
