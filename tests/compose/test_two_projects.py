"""Copies of the repository are projects of their own, named after their folders."""

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.processes import ROOT, free_port
from support.stacks.compose import Stack, docker, environ

NAMES = ("mnist-compose-test-one", "mnist-compose-test-two")
IMAGES = ("setup", "minio")


@pytest.fixture
def clones(tmp_path: Path) -> list[Path]:
    folders = [tmp_path / name for name in NAMES]
    for folder in folders:
        folder.mkdir()
        shutil.copy(ROOT / "compose.yaml", folder)
        shutil.copytree(ROOT / "compose", folder / "compose")
        (folder / ".env").write_text(f"MINIO_CONSOLE_PORT={free_port()}\n")
    return folders


@pytest.fixture
def with_images(stack: Stack, clones: list[Path]) -> Iterator[list[Path]]:
    """Clones whose images are there; their containers and volumes are removed in the end."""
    tags = [f"{name}-{image}" for name in NAMES for image in IMAGES]
    for tag in tags:
        docker("tag", f"{stack.project}-{tag.rpartition('-')[2]}", tag)
    yield clones
    for folder in clones:
        compose(folder, "down", "--volumes")
    docker("rmi", "--no-prune", *tags)


def compose(folder: Path, *arguments: str) -> str:
    command = ["docker", "compose", "--progress=plain", *arguments]
    done = subprocess.run(
        command, cwd=folder, env=environ(), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def names(config: dict) -> set[str]:
    """The names of all that a project makes: images, networks, volumes."""
    built = {s["image"] for s in config["services"].values() if "build" in s and "image" in s}
    made = (*config["networks"].values(), *config["volumes"].values())
    return {config["name"], *built, *(each["name"] for each in made)}


def test_two_folders_share_no_name(clones: list[Path]):
    one, two = (json.loads(compose(folder, "config", "--format=json")) for folder in clones)
    assert (one["name"], two["name"]) == NAMES
    assert all(name.startswith(NAMES[0]) for name in names(one))
    assert all(name.startswith(NAMES[1]) for name in names(two))


def test_down_with_volumes_in_one_folder_leaves_the_other_folder_its_data(
    with_images: list[Path],
):
    one, two = with_images
    for folder in with_images:
        compose(folder, "up", "--detach", "--wait", "--no-build", "minio")
    read = ("exec", "-T", "minio", "cat", "/run/passwords/minio/password")
    password = compose(two, *read)
    assert compose(one, *read) != password
    compose(one, "down", "--volumes")
    assert compose(one, "ps", "--all", "--quiet") == ""
    assert compose(two, "ps", "--services").split() == ["minio"]
    assert compose(two, *read) == password
