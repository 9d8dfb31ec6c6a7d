"""The size and contents of the images; the API's image runs without the other services."""

import json
import time
from pathlib import Path

import httpx
import pytest
from mlflow import MlflowClient

from support.stacks.compose import BODY, SERVICES, Stack, docker

BUILDS = {
    service.get("image", name).removeprefix("mnist-compose-test-"): service["build"]
    for name, service in SERVICES.items()
    if "build" in service
}
OURS = [image for image, build in BUILDS.items() if "VERSION" in build["args"]]
API_SIZE_LIMIT = 190e6  # bytes over its base image


def size(image: str) -> int:
    return int(docker("image", "inspect", "--format={{.Size}}", image))


def base_of(image: str) -> str:
    """The image that the last stage of the Dockerfile starts from."""
    build = BUILDS[image]
    lines = (Path(build["context"]) / build["dockerfile"]).read_text().splitlines()
    return [line.split()[1] for line in lines if line.startswith("FROM ")][-1].partition("$")[0]


def run_in_image(stack: Stack, image: str, script: str) -> str:
    return docker("run", "--rm", "--entrypoint=sh", f"{stack.project}-{image}", "-c", script)


def test_the_image_of_the_api_stays_under_its_size_limit(stack: Stack, measurements: list[str]):
    for image in BUILDS:
        total = size(f"{stack.project}-{image}")
        added = total - size(base_of(image))
        measurements.append(
            f"image: {image} {total / 1e6:.0f} MB, {added / 1e6:.0f} MB over its base"
        )
    assert size(f"{stack.project}-api") - size(base_of("api")) < API_SIZE_LIMIT


def test_the_image_of_the_api_has_no_tensorflow(stack: Stack):
    assert run_in_image(stack, "api", "find /opt /usr -iname '*tensorflow*' -name '*.so*'") == ""
    assert run_in_image(
        stack, "api", "python -c 'import tensorflow' 2>&1 | tail -1 || true"
    ).startswith("ModuleNotFoundError")


@pytest.mark.parametrize("image", BUILDS)
def test_an_image_has_no_compiler_and_no_package_cache(stack: Stack, image: str):
    assert run_in_image(stack, image, "command -v gcc cc go uv || true") == ""
    find = ["run", "--rm", "--user=0", "--entrypoint=find", f"{stack.project}-{image}"]
    assert docker(*find, "/root", "/tmp", "-mindepth", "2") == ""  # noqa: S108 # only listed


@pytest.mark.parametrize("image", OURS)
def test_an_image_has_labels_for_version_and_revision(stack: Stack, image: str):
    (config,) = json.loads(docker("image", "inspect", f"{stack.project}-{image}"))
    labels = config["Config"]["Labels"]
    assert labels["org.opencontainers.image.version"] == "0.1.0"
    assert labels["org.opencontainers.image.revision"] == "unknown"
    assert config["Config"]["User"] == "10001:10001"


def test_the_api_runs_alone_with_a_model_file(stack: Stack, registry: MlflowClient, folder: Path):
    version = registry.get_model_version_by_alias("mnist-classifier", "Production")
    model = f"{registry.get_model_version_download_uri(version.name, version.version)}"
    downloaded = _download(model, folder)
    container = docker(
        "run", "--detach", "--rm", "--read-only", "--cap-drop=ALL", "--publish=127.0.0.1::8000",
        f"--volume={downloaded}:/model.onnx:ro", "--env=MODEL_FILE=/model.onnx",
        f"{stack.project}-api",
    ).strip()  # fmt: skip
    try:
        address = docker("port", container, "8000/tcp").split()[0]
        deadline = time.monotonic() + 30
        while (response := _predict(f"http://{address}/predict")) is None:
            assert time.monotonic() < deadline, docker("logs", container)
            time.sleep(0.2)
        assert response.status_code == 200
        assert len(response.json()["probabilities"]) == 10
    finally:
        docker("stop", container)


def _download(model: str, folder: Path) -> Path:
    import mlflow

    path = mlflow.artifacts.download_artifacts(f"{model}/extra_files/model.onnx", dst_path=folder)
    Path(path).chmod(0o644)
    return Path(path)


def _predict(url: str) -> httpx.Response | None:
    try:
        return httpx.post(url, json=BODY, timeout=5)
    except httpx.HTTPError:
        return None
