"""`make audit` and the advisory service, which is OSV's address or a server of this test."""

import json
import subprocess
from collections.abc import Iterator
from http.server import ThreadingHTTPServer
from pathlib import Path

import pytest

from support.processes import ROOT, free_port, python_of
from support.servers.local_http import QuietHandler, run_server

LOCK = ROOT / "minio" / "setup" / "requirements.txt"
CHECK = (
    "import sys; from pathlib import Path; from audit.advisories import check_locks; "
    "check_locks([Path(name) for name in sys.argv[1:]])"
)
ADVISORY = {
    "id": "GHSA-test",
    "aliases": ["CVE-2026-1"],
    "summary": "a fault",
    "affected": [
        {
            "package": {"name": "urllib3", "ecosystem": "PyPI"},
            "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "99.0"}]}],
        }
    ],
}


class Advisories(QuietHandler):
    """OSV's answer to a query: an advisory on each package in ``vulnerable``."""

    vulnerable: frozenset[str] = frozenset()

    def do_POST(self) -> None:
        query = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        found = [ADVISORY] if query["package"]["name"] in self.vulnerable else []
        body = json.dumps({"vulns": found} if found else {}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@pytest.fixture
def service() -> Iterator[str]:
    with run_server(ThreadingHTTPServer(("127.0.0.1", 0), Advisories)) as address:
        yield f"{address}/v1/query"


def check(lock: Path, url: str, *further: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [python_of("audit"), "-c", CHECK, str(lock), *map(str, further)],
        cwd=ROOT, env={"PATH": "/usr/bin:/bin", "HOME": "/nonexistent", "PIP_AUDIT_OSV_URL": url},
        capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_a_lock_without_advisories_passes(service: str):
    passed = check(LOCK, service)
    assert passed.returncode == 0, passed.stderr
    assert "minio/setup/requirements.txt: 9 packages" in passed.stdout
    assert "There is no advisory on any locked package." in passed.stdout


def test_an_advisory_fails_with_package_fix_and_lock(service: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(Advisories, "vulnerable", frozenset({"urllib3"}))
    failed = check(LOCK, service)
    assert failed.returncode != 0
    assert ": CVE-2026-1 GHSA-test, fixed in 99.0" in failed.stdout
    assert "locked in minio/setup/requirements.txt" in failed.stdout
    assert "Findings: 1. `make lock` renews the locks" in failed.stderr


def test_a_service_that_does_not_answer_fails_with_one_sentence():
    """All of `make audit`'s command, which would otherwise say that nothing was found."""
    failed = subprocess.run(
        [python_of("audit"), "-m", "audit", "advisories"],
        cwd=ROOT, env={"PIP_AUDIT_OSV_URL": f"http://127.0.0.1:{free_port()}/v1/query"},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert failed.returncode == 1
    assert failed.stderr.startswith("No advisory service answers, so nothing is known about ")
    assert "Traceback" not in failed.stderr
    assert "There is no advisory" not in failed.stdout


def test_without_docker_the_images_fail_and_the_advisories_are_asked_for():
    done = subprocess.run(
        [python_of("audit"), "-m", "audit", "images", "advisories"],
        cwd=ROOT, env={"PATH": "/none", "PIP_AUDIT_OSV_URL": f"http://127.0.0.1:{free_port()}"},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    sentences = done.stderr.splitlines()
    assert sentences[0].endswith("no image can be read: docker is not installed.")
    assert sentences[1].startswith("No advisory service answers")
    assert (done.returncode, len(sentences)) == (1, 2)


def test_a_lock_without_hashes_fails(service: str, tmp_path: Path):
    lock = tmp_path / "requirements.txt"
    lock.write_text("urllib3==2.8.0\n")
    failed = check(lock, service)
    assert failed.returncode != 0
    assert "requirements.txt was not audited. pip-audit says: " in failed.stderr


def test_packages_of_other_platforms_and_second_pins_are_asked_for(
    service: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    monkeypatch.setattr(Advisories, "vulnerable", frozenset({"urllib3"}))
    hashed = f"\\\n    --hash=sha256:{'0' * 64}\n"
    markers = ("sys_platform == 'win32'", "sys_platform != 'win32'", "python_version < '3'")
    pins = zip(("2.6.0", "2.7.0", "2.8.0"), markers, strict=True)
    lock = tmp_path / "requirements.txt"
    lock.write_text("".join(f"urllib3=={pin} ; {marker} {hashed}" for pin, marker in pins))
    failed = check(lock, service)
    assert {line.partition(":")[0] for line in failed.stdout.splitlines()} >= {
        f"urllib3 {version}" for version in ("2.6.0", "2.7.0", "2.8.0")
    }, failed.stdout + failed.stderr


def test_what_was_found_is_printed_before_an_error(
    service: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    monkeypatch.setattr(Advisories, "vulnerable", frozenset({"urllib3"}))
    lock = tmp_path / "requirements.txt"
    lock.write_text("urllib3\n")
    failed = check(LOCK, service, lock)
    assert ": CVE-2026-1 GHSA-test, fixed in 99.0" in failed.stdout
    assert f"{lock.name} was not audited. pip-audit says: " in failed.stderr
    assert "No advisory service" not in failed.stderr


def test_every_lock_is_audited():
    """That of tests/ is an earlier MLflow's, whose data is upgraded."""
    listed = subprocess.run(
        ["git", "ls-files", "*requirements*.txt", ":!tests"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    ).stdout.split()  # fmt: skip
    names = "from audit.advisories import list_locks; print(*list_locks(), sep='\\n')"
    audited = subprocess.run(
        [python_of("audit"), "-c", names], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split()
    assert {str(ROOT / name) for name in listed} == set(audited)
