"""`make digests`: every base image of the stack has a digest of its own, from its registry."""

import hashlib
import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from http.server import ThreadingHTTPServer
from pathlib import Path

import pytest

from support.processes import ROOT, free_port, python_of
from support.servers.local_http import QuietHandler, run_server

BASE_IMAGES = ROOT / "compose" / "base-images.yaml"
RENEW = (
    "import json, sys; from pathlib import Path; from audit.digests import renew_digests; "
    "renew_digests(Path(sys.argv[1]), json.loads(sys.argv[2]))"
)
TEXT = """\
services:
  one:
    image: {registry}/one:1${{IMAGE_DIGESTS-{first}}}
  two:
    build: # with an argument
      args:
        TWO_DIGEST: ${{IMAGE_DIGESTS-{second}}}
"""
TYPE = "application/vnd.oci.image.index.v1+json"
INDEX = json.dumps({"schemaVersion": 2, "mediaType": TYPE, "manifests": []}).encode()
DIGEST = f"sha256:{hashlib.sha256(INDEX).hexdigest()}"


class Registry(QuietHandler):
    """A registry in which every name and tag is the same index."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", TYPE)
        self.send_header("Docker-Content-Digest", DIGEST)
        self.send_header("Content-Length", str(len(INDEX)))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(INDEX)

    do_HEAD = do_GET


@pytest.fixture
def registry() -> Iterator[str]:
    with run_server(ThreadingHTTPServer(("127.0.0.1", 0), Registry)) as address:
        yield address.removeprefix("http://")


def renew(path: Path, two: str) -> subprocess.CompletedProcess[str]:
    if shutil.which("docker") is None:
        pytest.skip("Docker's buildx looks the digests up")
    return subprocess.run(
        [python_of("audit"), "-c", RENEW, str(path), json.dumps({"TWO_DIGEST": two})],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip


@pytest.mark.parametrize("old", ["", f"@sha256:{'0' * 64}"])
def test_the_digests_of_a_registry_are_written(registry: str, tmp_path: Path, old: str):
    path = tmp_path / "base-images.yaml"
    path.write_text(TEXT.format(registry=registry, first=old, second=old))
    renewed = renew(path, f"{registry}/two:2")
    assert renewed.returncode == 0, renewed.stderr
    new = f"@{DIGEST}"
    assert path.read_text() == TEXT.format(registry=registry, first=new, second=new)


def test_a_registry_that_does_not_answer_leaves_the_file_as_it_was(registry: str, tmp_path: Path):
    path = tmp_path / "base-images.yaml"
    before = TEXT.format(registry=registry, first="", second="")
    path.write_text(before)
    silent = f"127.0.0.1:{free_port()}"
    failed = renew(path, f"{silent}/two:2")
    assert failed.returncode != 0
    assert f"The registry gave no digest of {silent}/two:2: " in failed.stderr
    assert path.read_text() == before


def test_without_docker_the_digests_fail_with_one_sentence():
    done = subprocess.run(
        [python_of("audit"), "-m", "audit.digests"],
        cwd=ROOT, env={"PATH": "/none"}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert ": docker is not installed.\n" in done.stderr
    assert "Traceback" not in done.stderr


def test_every_base_image_of_the_stack_has_its_digest_from_the_file():
    built = {}
    for path in (*ROOT.glob("*/Dockerfile"), *ROOT.glob("*/*/Dockerfile")):
        if "report" not in path.parts:
            for image in re.findall(r"^FROM (\S+)", path.read_text(), re.MULTILINE):
                tag, _, variable = image.partition("${")
                built.setdefault(variable.strip("}"), set()).add(tag)
    assert "" not in built, f"without a digest: {built['']}"
    assert all(len(tags) == 1 for tags in built.values()), built
    assert set(built) == set(re.findall(r"^ +(\w+_DIGEST): ", BASE_IMAGES.read_text(), re.M))
    for path in (ROOT / "compose.yaml", *(ROOT / "compose").glob("*.yaml")):
        named = re.findall(r"image: (?!\$)(\S+)", path.read_text())
        assert path == BASE_IMAGES or not named, f"{path} names {named}"


@pytest.mark.parametrize(("setting", "digest"), [({}, f"@{DIGEST}"), ({"IMAGE_DIGESTS": ""}, "")])
def test_compose_uses_the_digests_unless_they_are_left_out(
    tmp_path: Path, setting: dict[str, str], digest: str
):
    if shutil.which("docker") is None:
        pytest.skip("docker compose is needed to read compose.yaml")
    shutil.copy(ROOT / "compose.yaml", tmp_path)
    shutil.copytree(ROOT / "compose", tmp_path / "compose")
    text = re.sub(r"DIGESTS-.*\}$", f"DIGESTS-@{DIGEST}}}", BASE_IMAGES.read_text(), flags=re.M)
    (tmp_path / "compose" / "base-images.yaml").write_text(text)
    files = ":".join(("compose.yaml", "compose/monitoring.yaml", "compose/proxy.yaml"))
    config = subprocess.run(
        ["docker", "compose", "--profile=*", "config", "--format=json"],
        cwd=tmp_path, env={"PATH": os.environ["PATH"], "COMPOSE_FILE": files, **setting},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert config.returncode == 0, config.stderr
    services = json.loads(config.stdout)["services"].values()
    named = {each["image"] for each in services if "build" not in each and "image" in each}
    theirs = {name for name in named if "-setup" not in name}
    bases = re.findall(r"image: (\S+)\$", text)
    assert theirs == {f"{base}{digest}" for base in bases}
    arguments = [each["build"].get("args", {}) for each in services if "build" in each]
    digests = [{name: a[name] for name in a if name.endswith("_DIGEST")} for a in arguments]
    assert all(digests)
    assert {value for each in digests for value in each.values()} == {digest}
