"""libpq and boto3 read the passwords from files, whatever characters they contain."""

import socket
import stat
import struct
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.servers.tracking import FOLDER, PYTHON

PASSWORDS = [
    "tmv8Vx-R_6gWqMoq7Z8yR9s1d3hQh3Kc",
    r"colon:back\slash\:both:",
    "100%#;=[section]$HOME",
    "#;'\"`&<>|*?~!",
]
START = f"""
import os, sys
sys.path.insert(0, {str(FOLDER)!r})
from pathlib import Path
from credentials import write_credentials
os.environ.update(write_credentials(Path(os.environ["CREDENTIALS_FOLDER"]), os.environ))
"""
CONNECT = "import psycopg2; psycopg2.connect('postgresql://mlflow@127.0.0.1:{port}/mlflow')"
READ = (
    "from botocore.session import get_session; found = get_session().get_credentials(); "
    "print(found.access_key, found.secret_key, sep='\\n', end='')"
)


@pytest.fixture(params=PASSWORDS)
def volumes(tmp_path: Path, request: pytest.FixtureRequest) -> tuple[str, dict[str, str]]:
    """A password, and the variables of a server whose volumes hold it."""
    variables = {"CREDENTIALS_FOLDER": str(tmp_path), "S3_ACCESS_KEY": "mlflow", "HOME": "/none"}
    for name in ("POSTGRES_PASSWORD_FILE", "S3_SECRET_KEY_FILE"):
        folder = tmp_path / name
        folder.mkdir()
        (folder / "password").write_text(request.param)
        (folder / "password").chmod(0o440)
        variables[name] = str(folder / "password")
    return request.param, variables


def run(script: str, variables: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [PYTHON, "-c", START + script], env=variables, capture_output=True, text=True, check=False
    )


@pytest.fixture
def database() -> Iterator[tuple[int, list[str]]]:
    """A fake Postgres that requests the password in clear text, records it and disconnects."""
    received: list[str] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=request_password, args=(listener, received))
        thread.start()
        yield listener.getsockname()[1], received
        thread.join()


def request_password(listener: socket.socket, received: list[str]) -> None:
    connection, _ = listener.accept()
    with connection, connection.makefile("rb") as sent:
        while True:
            (length,) = struct.unpack("!i", sent.read(4))
            (code,) = struct.unpack("!i", sent.read(length - 4)[:4])
            if code == 196608:  # protocol 3.0; before it, the client requests encryption
                break
            connection.sendall(b"N")
        connection.sendall(b"R" + struct.pack("!ii", 8, 3))
        assert sent.read(1) == b"p"
        (length,) = struct.unpack("!i", sent.read(4))
        received.append(sent.read(length - 4).rstrip(b"\0").decode())


def test_libpq_reads_the_password_of_the_database(
    volumes: tuple[str, dict[str, str]], database: tuple[int, list[str]]
):
    password, variables = volumes
    port, received = database
    run(CONNECT.format(port=port), variables)
    assert received == [password]


def test_boto3_reads_the_account_of_s3(volumes: tuple[str, dict[str, str]]):
    password, variables = volumes
    done = run(READ, variables)
    assert done.stdout == f"mlflow\n{password}", done.stderr


def test_only_the_owner_can_read_the_files_and_each_start_replaces_them(
    volumes: tuple[str, dict[str, str]], tmp_path: Path
):
    _, variables = volumes
    for _ in range(2):
        assert run("", variables).returncode == 0
        written = {path.name: path for path in tmp_path.iterdir() if path.is_file()}
        assert set(written) == {"pgpass", "aws-credentials"}
        assert {stat.S_IMODE(path.stat().st_mode) for path in written.values()} == {0o600}
        written["pgpass"].chmod(0o644)  # libpq would ignore it
