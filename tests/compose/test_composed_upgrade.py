"""Containers and volumes that an earlier commit made, and today's `up` on them.

That commit's code runs on today's layers of packages, whose locks have all that its locks have, in
the same versions. Its API is built whole, as its lock was another.
"""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from mlflow import MlflowClient

from support.processes import ROOT
from support.registered_data import read_registered
from support.stacks.compose import QUICK, Stack, docker, started

COMMIT = "2b07aaf"
IMAGES = ("setup", "minio", "mlflow-server", "trainer", "api")
EARLIER = {  # the folder with the code, and what else its Dockerfile said that today's does not
    "setup": ("minio/setup", ""),
    "trainer": ("trainer", ""),
    "mlflow-server": (
        "mlflow-server",
        "ENV PYTHONPATH=/earlier/plugin\n"
        'HEALTHCHECK --interval=4s --start-period=120s CMD ["python", "-IS", "healthcheck.py"]\n',
    ),
}
PICTURES = [[(row * column % 7) / 6 for column in range(784)] for row in range(10)]


@pytest.fixture
def earlier(tmp_path: Path) -> Path:
    """The repository at that commit."""
    archive = subprocess.run(["git", "archive", COMMIT], cwd=ROOT, capture_output=True, check=False)
    if archive.returncode != 0:
        pytest.skip(f"the history does not have {COMMIT}: a shallow clone")
    root = tmp_path / "earlier"
    root.mkdir()
    subprocess.run(["tar", "--extract"], cwd=root, input=archive.stdout, check=True)
    for image, (folder, settings) in EARLIER.items():
        lines = f"ARG BASE\nFROM $BASE\nWORKDIR /earlier\nCOPY {folder} ./\n{settings}"
        (root / f"{image}.Dockerfile").write_text(lines)
    return root


@pytest.fixture
def upgraded(built: Stack, earlier: Path, tmp_path: Path) -> Iterator[Stack]:
    """A stack that is not started, with the images of that commit."""
    stack = Stack("mnist-compose-test-earlier", tmp_path, TRAIN_ARGS=QUICK)
    stack.root = earlier
    stack.behind_proxy = False  # it excepted no neighbours
    for image in EARLIER:
        build(stack, image, f"{image}.Dockerfile", f"BASE={built.project}-{image}")
    build(stack, "api", "api/Dockerfile", "VERSION=earlier")
    docker("tag", f"{built.project}-minio", f"{stack.project}-minio")
    with started(stack, lambda: None):
        yield stack
    docker("rmi", "--no-prune", *(f"{stack.project}-{image}" for image in IMAGES))


def build(stack: Stack, image: str, file: str, argument: str) -> None:
    options = (f"--file={stack.root / file}", f"--build-arg={argument}")
    docker("build", "--quiet", f"--tag={stack.project}-{image}", *options, str(stack.root))


def predictions(stack: Stack) -> list[bytes]:
    url = f"{stack.api_url}/predict"
    return [httpx.post(url, json={"image": picture}, timeout=30).content for picture in PICTURES]


def artifacts(stack: Stack) -> set[str]:
    find = ("find", "/var/lib/minio/mlflow", "-type", "f", "-exec", "sha256sum", "{}", "+")
    return set(stack.do("exec", "-T", "minio", *find).splitlines())


def test_a_stack_of_an_earlier_commit_goes_on_with_all_it_has_and_trains_nothing(
    built: Stack, upgraded: Stack
):
    upgraded.up()
    registry = MlflowClient(upgraded.mlflow_url, upgraded.mlflow_url)
    tags, registered = read_registered(registry)
    before = predictions(upgraded), artifacts(upgraded), upgraded.password("postgres", "postgres")

    upgraded.root, upgraded.behind_proxy = ROOT, True
    for image in IMAGES:
        docker("tag", f"{built.project}-{image}", f"{upgraded.project}-{image}")
    upgraded.up()

    assert "nothing to train" in upgraded.do("logs", "--tail=1", "bootstrap")
    after = predictions(upgraded), artifacts(upgraded), upgraded.password("postgres", "postgres")
    assert after == before
    now, same = read_registered(registry)
    assert same == registered
    assert tags.items() <= now.items()
    trainer = ("run", "--rm", "--no-deps", "-T", "trainer")
    assert "is active" in upgraded.do(*trainer, "versions")
    assert "before the history" in upgraded.do(*trainer, "history")
