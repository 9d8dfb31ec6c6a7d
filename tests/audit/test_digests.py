"""`make digests`: every base image of the stack has a digest of its own, from its registry."""

import hashlib
import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from http.server import ThreadingHTTPServer
from pathlib import Path

import pytest

from support.processes import ROOT, free_port, python_of
from support.servers.local_http import QuietHandler, run_server

RENEW = (
    "import json, sys; from pathlib import Path; from audit.digests import renew_digests; "
    "renew_digests(json.loads(sys.argv[1]), Path(sys.argv[2]))"
)
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


def renew(images: dict[str, str], path: Path) -> subprocess.CompletedProcess[str]:
    if shutil.which("docker") is None:
        pytest.skip("Docker's buildx looks the digests up")
    return subprocess.run(
        [python_of("audit"), "-c", RENEW, json.dumps(images), str(path)],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_the_digest_of_a_registry_is_written(registry: str, tmp_path: Path):
    path = tmp_path / "digests.env"
    renewed = renew({"ONE_DIGEST": f"{registry}/one:1", "TWO_DIGEST": f"{registry}/two:2"}, path)
    assert renewed.returncode == 0, renewed.stderr
    lines = [line for line in path.read_text().splitlines() if not line.startswith("#")]
    assert lines == [f"ONE_DIGEST=@{DIGEST}", f"TWO_DIGEST=@{DIGEST}"]


def test_a_registry_that_does_not_answer_leaves_the_file_as_it_was(registry: str, tmp_path: Path):
    path = tmp_path / "digests.env"
    path.write_text("before")
    silent = f"127.0.0.1:{free_port()}"
    failed = renew({"ONE_DIGEST": f"{registry}/one:1", "TWO_DIGEST": f"{silent}/two:2"}, path)
    assert failed.returncode != 0
    assert f"The registry gave no digest of {silent}/two:2: " in failed.stderr
    assert path.read_text() == "before"


def test_without_docker_the_digests_fail_with_one_sentence():
    done = subprocess.run(
        [python_of("audit"), "-m", "audit.digests"],
        cwd=ROOT, env={"PATH": "/none"}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert ": docker is not installed.\n" in done.stderr
    assert "Traceback" not in done.stderr


def test_every_base_image_of_the_stack_has_a_variable_in_the_file():
    named = {}
    for place in ("*/Dockerfile", "*/*/Dockerfile", "compose.yaml", "compose/*.yaml"):
        for path in ROOT.glob(place):
            for image in re.findall(r"^(?:FROM| +image:) (\S+)", path.read_text(), re.MULTILINE):
                is_base = "/report/" not in str(path) and not image.startswith("${")
                if is_base:
                    tag, _, variable = image.partition("${")
                    named.setdefault(variable.strip("}:-"), set()).add(tag)
    assert "" not in named, f"without a digest: {named['']}"
    assert all(len(tags) == 1 for tags in named.values()), named
    text = (ROOT / "compose" / "digests.env").read_text()
    assert sorted(named) == re.findall(r"^(\w+_DIGEST)=(?:@sha256:[0-9a-f]{64})?$", text, re.M)


def test_compose_uses_the_digests_for_images_and_builds(tmp_path: Path):
    if shutil.which("docker") is None:
        pytest.skip("docker compose is needed to read compose.yaml")
    text = (ROOT / "compose" / "digests.env").read_text()
    given = tmp_path / "digests.env"
    given.write_text(re.sub(r"=.*$", f"=@{DIGEST}", text, flags=re.M))
    config = subprocess.run(
        ["docker", "compose", "-f", "compose.yaml", "-f", "compose/monitoring.yaml", "config"],
        cwd=ROOT, env={"PATH": "/usr/bin:/bin:/usr/local/bin", "COMPOSE_ENV_FILES": str(given)},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert config.returncode == 0, config.stderr
    for image in ("postgres:17-trixie", "grafana/grafana:12.3.1", "prom/prometheus:v3.16.0"):
        assert f"image: {image}@{DIGEST}\n" in config.stdout
    for name in ("PYTHON", "GOLANG", "DEBIAN"):
        assert f"{name}_DIGEST: '@{DIGEST}'" in config.stdout
