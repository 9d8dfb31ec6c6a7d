"""The three walks of CONTRIBUTING.md: each change is made in a copy, and has its effect."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from support.documents import apply_diff, find_fences
from support.processes import ROOT, python_of

TRAINER = python_of("trainer-test")
CONTRIBUTING = ROOT / "CONTRIBUTING.md"
SHOW_NETWORK = """
from mnist_trainer.training.inspection import describe_layers
from mnist_trainer.training.model import build_model
print(describe_layers(build_model((16,), 1)))
"""
CALL_ROUTE = """
from mnist_api.main import create_wsgi
import json
client = create_wsgi().test_client()
openapi = client.get("/openapi.json").json["paths"]["/about"]["get"]
print(json.dumps([client.get("/about").json, openapi["operationId"]]))
"""


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """Return a copy of the files under version control."""
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, check=True)
    for name in listed.stdout.decode().splitlines():
        if (ROOT / name).is_file() and not name.startswith(("tests/", "trainer/data/")):
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, tmp_path / name)
    return tmp_path


def find_walk(title: str) -> str:
    """Return the diff in the section with this title."""
    section = CONTRIBUTING.read_text().partition(f"## {title}\n")[2].partition("\n## ")[0]
    diffs = [fence.text for fence in find_fences(CONTRIBUTING, "diff") if fence.text in section]
    assert len(diffs) == 1
    return diffs[0]


def run(python: Path | str, code: str, folder: Path, **environ: str) -> str:
    result = subprocess.run(
        [python, "-c", code],
        env={"PYTHONPATH": str(folder), "TF_CPP_MIN_LOG_LEVEL": "3", **environ},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    return result.stdout.strip().splitlines()[-1]


def test_another_activation_is_one_line_in_one_file(copy: Path) -> None:
    assert "silu" not in run(TRAINER, SHOW_NETWORK, copy / "trainer")
    changed = apply_diff(find_walk("Change the network"), copy)
    assert len(changed) == 1
    assert "silu" in run(TRAINER, SHOW_NETWORK, copy / "trainer")


def test_a_route_is_a_schema_a_handler_and_a_row(copy: Path) -> None:
    changed = apply_diff(find_walk("Add a route"), copy)
    assert len(changed) == 3
    answered, operation = json.loads(
        run(
            sys.executable,
            CALL_ROUTE,
            copy / "api",
            MODEL_CACHE=str(copy / "cache"),
            MLFLOW_TRACKING_URI="http://127.0.0.1:1",
        )
    )
    assert (set(answered), operation) == ({"version"}, "about")


def test_a_service_is_a_few_lines_of_compose_yaml(copy: Path) -> None:
    if not shutil.which("docker"):
        pytest.skip("docker compose is needed to read compose.yaml")
    changed = apply_diff(find_walk("Add a service"), copy)
    assert changed == [copy / "compose.yaml"]
    config = subprocess.run(
        ["docker", "compose", "config", "--format", "json"],
        cwd=copy,
        capture_output=True,
        text=True,
        check=False,
    )
    assert config.returncode == 0, config.stderr
    service = json.loads(config.stdout)["services"]["api-fashion"]
    assert service["read_only"]
    assert service["cap_drop"] == ["ALL"]
