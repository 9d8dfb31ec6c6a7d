"""compose/score.yaml: predictions for many images, with the version of the composed registry."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from support.processes import wait_until
from support.stacks.compose import Stack, check_hardened, docker

OVERLAY = {"COMPOSE_FILE": "compose.yaml:compose/score.yaml"}
KEYS = {"AWS_ACCESS_KEY_ID": "images", "AWS_SECRET_ACCESS_KEY": "images-of-digits"}
SAVE = """
import os
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image
from pyarrow.fs import S3FileSystem
address = os.environ["AWS_ENDPOINT_URL"].removeprefix("http://")
files = S3FileSystem(endpoint_override=address, scheme="http", allow_bucket_creation=True)
files.create_dir("images")
for number in (1000, 20_000):
    with files.open_output_stream(f"images/{number}.npy") as file:
        np.save(file, np.zeros((number, 784), np.uint8))
pq.write_table(pa.table({"image": [[0] * 784] * 3}), "images/more/three.parquet", filesystem=files)
one = np.zeros((28, 28), np.uint8)
one[4:24, 12:16] = 255
with files.open_output_stream("images/more/pictures/one.png") as file:
    Image.fromarray(one).save(file, "PNG")
with files.open_output_stream("images/more/pictures/broken.png") as file:
    file.write(b"no picture")
"""
READ = """
import json
import pyarrow.parquet as pq
from mnist_score.locations import open_location
folder = open_location("s3://images/scores")
rows = pq.read_table(folder.path, filesystem=folder.files)
print(json.dumps(rows.select(["source", "index", "version", "error"]).to_pydict()))
"""
RACE = """
from concurrent.futures import ThreadPoolExecutor
from mnist_api.model.version import Version
from mnist_score.locations import open_location
from mnist_score.manifest import Manifest
from mnist_score.output import Output
output = Output(open_location("s3://images/race"))
own = [Manifest(Version("", str(number), None, None, None), [], 1, []) for number in range(16)]
with ThreadPoolExecutor(16) as pool:
    print(len({one.version for one in pool.map(output.create_manifest, own)}))
"""


def make_output(folder: Path) -> Path:
    """Make a folder that the containers' user may write."""
    folder.mkdir()
    folder.chmod(0o777)
    return folder


def test_images_are_scored_with_the_promoted_version_by_a_hardened_container(
    stack: Stack, production_version: str, folder: Path
):
    np.save(folder / "images.npy", np.zeros((1000, 784), np.uint8))
    output = make_output(folder / "scores")
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


@pytest.fixture
def minio(stack: Stack) -> Iterator[str]:
    """The container of a MinIO that containers of the stack reach."""
    name = f"{stack.project}-images"
    root = zip(("MINIO_ROOT_USER", "MINIO_ROOT_PASSWORD"), KEYS.values(), strict=True)
    options = ["--detach", f"--name={name}", f"--network={stack.project}_front", "--tmpfs=/data"]
    options += [f"--env={variable}={value}" for variable, value in root]
    docker("run", *options, f"{stack.project}-minio", "server", "/data")
    check = stack.inspect("minio")["Config"]["Healthcheck"]["Test"][-1]
    ready = ("exec", name, "bash", "-c", f"{check} && echo ready")
    wait_until(lambda: "ready" in docker(*ready, check=False))
    yield name
    docker("rm", "--force", "--volumes", name)


@pytest.fixture
def keys(stack: Stack, minio: str) -> dict[str, str]:
    """The variables of that MinIO, which has files of images."""
    variables = OVERLAY | KEYS | {"AWS_ENDPOINT_URL": f"http://{minio}:9000"}
    execute(stack, variables, SAVE)
    return variables


def execute(stack: Stack, keys: dict[str, str], script: str) -> list[str]:
    run = ("run", "--rm", "-T", "--entrypoint=python", "score", "-c", script)
    return stack.do(*run, **keys).splitlines()


def test_on_s3_arrays_tables_and_pictures_are_scored_and_one_manifest_is_created(
    stack: Stack, production_version: str, keys: dict[str, str]
):
    inputs = ("s3://images/1000.npy", "s3://images/more")
    scoring = ("score", *inputs, "--output=s3://images/scores", "--part-images=99")
    stack.do("run", "--rm", "-T", *scoring, **keys)
    rows = json.loads(execute(stack, keys, READ)[-1])
    more = [("three.parquet", 0), ("three.parquet", 1), ("three.parquet", 2)]
    more += [("pictures/broken.png", 0), ("pictures/one.png", 0)]
    expected = [("s3://images/1000.npy", index) for index in range(1000)]
    expected += [(f"s3://images/more/{name}", index) for name, index in more]
    assert [*zip(rows["source"], rows["index"], strict=True)] == expected
    assert set(rows["version"]) == {production_version}
    assert [row for row, error in enumerate(rows["error"]) if error] == [1003]
    assert "0 of 13 parts" in stack.do("run", "--rm", "-T", *scoring, **keys)
    assert execute(stack, keys, RACE)[-1] == "1"


def test_a_store_that_is_away_ends_the_run_and_sets_no_part_aside(
    stack: Stack, keys: dict[str, str], minio: str, folder: Path
):
    output = make_output(folder / "cut-off")
    run = ("run", "--rm", "-T", f"--volume={output}:/output")
    scoring = ("score", "s3://images/20000.npy", "--output=/output", "--part-images=1")
    with ThreadPoolExecutor() as pool:
        ending = pool.submit(stack.run, *run, *scoring, **keys)
        wait_until(lambda: any(output.glob("part-*")), 60)
        docker("kill", minio)
        ended = ending.result()
    assert ended.returncode == 1, ended.stdout
    assert "s3://images/20000.npy can't be read" in ended.stdout
    assert not (output / "_failed").exists()
