"""compose/score.yaml: predictions for many images, with the version of the composed registry."""

import json
from pathlib import Path

import numpy as np

from support.stacks.compose import Stack, check_hardened, docker

OVERLAY = {"COMPOSE_FILE": "compose.yaml:compose/score.yaml"}


def test_images_are_scored_with_the_promoted_version_by_a_hardened_container(
    stack: Stack, production_version: str, folder: Path
):
    np.save(folder / "images.npy", np.zeros((1000, 784), np.uint8))
    output = folder / "scores"
    output.mkdir()
    output.chmod(0o777)  # for the containers' user
    stack.behind_proxy = False
    stack.do("build", "score", **OVERLAY)
    stack.behind_proxy = True
    name = f"{stack.project}-scoring"
    options = ("--name", name, "--volume", f"{folder}:/data")
    scoring = ("score", "/data/images.npy", "--output", "/data/scores")
    printed = stack.do("run", *options, *scoring, **OVERLAY)
    check_hardened(json.loads(docker("inspect", name))[0])
    docker("rm", name)
    assert f"1,000 images, with version {production_version} of mnist-classifier" in printed
    manifest = json.loads((output / "_manifest.json").read_bytes())
    assert manifest["version"]["version"] == production_version
    assert (output / "part-000000.parquet").read_bytes().startswith(b"PAR1")
    assert "0 of 1 parts" in stack.do("run", "--rm", *options[2:], *scoring, **OVERLAY)
