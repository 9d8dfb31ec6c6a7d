"""The workflow publishes the images that compose/images.yaml names."""

import re

from support.processes import ROOT
from support.stacks.compose import read_services

PREFIX = "registry.example/mnist-"
FILES = "compose.yaml:compose/score.yaml"
SERVICES = read_services(COMPOSE_FILE=FILES)
PUBLISHED = read_services(COMPOSE_FILE=f"{FILES}:compose/images.yaml", IMAGE_PREFIX=PREFIX)
BUILT = [name for name, service in SERVICES.items() if "build" in service]


def image(name: str) -> str:
    """The name of a service's image without the project's."""
    return SERVICES[name].get("image", name).removeprefix("mnist-compose-test-")


def test_the_overlay_names_an_image_for_every_built_one_and_builds_none():
    assert [name for name, service in PUBLISHED.items() if "build" in service] == []
    names = {name: PUBLISHED[name]["image"] for name in (*BUILT, "bucket")}
    assert names == {name: f"{PREFIX}{image(name)}:main" for name in names}


def test_the_workflow_publishes_every_image():
    workflow = (ROOT / ".github/workflows/ci.yml").read_text()
    lists = re.findall(r"for image in (.+); do", workflow)
    assert [set(images.split()) for images in lists] == [{image(name) for name in BUILT}] * 2
