"""compose/proxy/certificate.sh, with openssl alone: which certificate the proxy has."""

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from support.processes import ROOT

SCRIPT = (ROOT / "compose" / "proxy" / "certificate.sh").read_text()
UNPRIVILEGED = 65534  # root may read and write everything, so for it the script runs as this user
NAMES = "DNS:localhost,IP:127.0.0.1"

pytestmark = pytest.mark.skipif(shutil.which("openssl") is None, reason="needs openssl")


@pytest.fixture
def folder() -> Iterator[Path]:
    with TemporaryDirectory() as name:
        if os.getuid() == 0:
            os.chown(name, UNPRIVILEGED, UNPRIVILEGED)
        yield Path(name)


def run(folder: Path, names: str = NAMES, script: str = SCRIPT) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["bash", "-c", script, "certificate.sh", str(folder)],
        cwd="/", env={"PATH": os.environ["PATH"], "NAMES": names},
        user=UNPRIVILEGED if os.getuid() == 0 else None,
        capture_output=True, text=True, check=False,
    )  # fmt: skip


def describe(folder: Path) -> str:
    """Return the names and the fingerprint of the certificate."""
    show = ["openssl", "x509", "-noout", "-ext", "subjectAltName", "-fingerprint"]
    return subprocess.run(
        [*show, "-in", "server.pem"], cwd=folder, capture_output=True, text=True, check=True
    ).stdout


def test_a_certificate_is_made_kept_and_renewed_for_other_names(folder: Path) -> None:
    made = run(folder)
    assert made.stdout == f"There is a new certificate, for {NAMES}.\n", made.stderr
    first = describe(folder)
    assert "DNS:localhost, IP Address:127.0.0.1" in first
    assert (folder / "server.pem").read_text().startswith("-----BEGIN PRIVATE KEY-----")
    assert (folder / "server.pem").stat().st_mode & 0o077 == 0
    assert (run(folder).returncode, describe(folder)) == (0, first)
    assert run(folder, "DNS:mnist.example").returncode == 0
    assert "DNS:mnist.example" in describe(folder)


@pytest.mark.parametrize("command", ["openssl", "cat", "rm", "sync", "mv", "echo"])
def test_after_a_kill_at_any_command_the_next_run_makes_the_certificate(
    folder: Path, command: str
) -> None:
    """Of a first certificate, and of one that replaces another for other names."""
    kill = f"{command}() {{ kill -KILL $$; }}\n{SCRIPT}"
    for names in (NAMES, "DNS:mnist.example"):
        assert run(folder, names, kill).returncode == -signal.SIGKILL
        assert run(folder, names).returncode == 0
        assert names.partition(",")[0] in describe(folder)
        assert {path.name for path in folder.iterdir()} == {"names", "server.pem"}


def test_a_certificate_of_somebody_else_is_kept(folder: Path) -> None:
    make = "openssl req -x509 -newkey rsa:2048 -noenc -days 1 -subj /CN=theirs -keyout key -out crt"
    script = f"{make} && cat key crt > server.pem && chmod 644 server.pem"
    subprocess.run(["bash", "-c", script], cwd=folder, capture_output=True, check=True)
    theirs = (folder / "server.pem").read_bytes()
    assert run(folder).returncode == 0
    assert (folder / "server.pem").read_bytes() == theirs


@pytest.mark.parametrize(
    ("content", "mode", "sentence"),
    [
        (None, 0o000, "a folder without server.pem: put the key and the certificates into it."),
        ("no PEM", 0o644, "a folder whose server.pem has no certificate: put the key and then the"),
        ("no PEM", 0o000, "a folder whose server.pem is not readable for the user "),
    ],
)
def test_a_folder_without_a_usable_certificate_is_refused(
    folder: Path, content: str | None, mode: int, sentence: str
) -> None:
    if content:
        (folder / "server.pem").write_text(content)
        (folder / "server.pem").chmod(mode)
    folder.chmod(0o555)
    refused = run(folder)
    assert refused.returncode == 1
    assert f"CERTIFICATE names {sentence}" in refused.stderr
    assert [path.name for path in folder.iterdir()] == (["server.pem"] if content else [])
