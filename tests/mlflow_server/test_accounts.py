"""The accounts that start.py makes of files, each with the password of its file."""

import base64
import os
import subprocess
from pathlib import Path

import pytest

from support.metrics import read
from support.servers.databases import execute
from support.servers.postgres import postgres_server
from support.servers.tracking import FOLDER, PYTHON, TrackingServer, environ, tracking_server

pytestmark = pytest.mark.slow

SEARCH = "/api/2.0/mlflow/experiments/search?max_results=1"
NAMES = ("admin", "trainer", "api")
PREPARE = """
import sys
from pathlib import Path
from accounts import prepare_accounts
from database import prepare_database
prepare_database(sys.argv[1])
prepare_accounts(Path(sys.argv[2]), Path(sys.argv[2]), sys.argv[1], "mnist-classifier")
"""


def write_passwords(folder: Path, word: str) -> dict[str, str]:
    """Write the password of each account, and return the settings that name them."""
    files = {f"mlflow-{name}": f"{word} of the account {name}" for name in NAMES}
    for name, content in (files | {"postgres": "unused", "s3": "unused"}).items():
        (folder / name).mkdir(exist_ok=True)
        (folder / name / "password").write_text(content)
    return {
        "ACCOUNTS_FOLDER": str(folder),
        "CREDENTIALS_FOLDER": str(folder),
        "MODEL_NAME": "mnist-classifier",
        "POSTGRES_PASSWORD_FILE": str(folder / "postgres" / "password"),
        "S3_ACCESS_KEY": "unused",
        "S3_SECRET_KEY_FILE": str(folder / "s3" / "password"),
    }


def search(server: TrackingServer, word: str, name: str) -> int:
    account = base64.b64encode(f"{name}:{word} of the account {name}".encode()).decode()
    return server.send("GET", SEARCH, Authorization=f"Basic {account}").status


def test_a_start_gives_each_account_the_password_of_its_file(tmp_path: Path) -> None:
    folder = tmp_path / "passwords"
    folder.mkdir()
    with tracking_server(tmp_path, **write_passwords(folder, "first")) as server:
        assert server.send("GET", SEARCH).status == 401
        assert [search(server, "first", name) for name in NAMES] == [200, 200, 200]
    settings = write_passwords(folder, "second")
    with tracking_server(tmp_path, port=server.port, **settings) as server:
        assert [search(server, "first", name) for name in NAMES] == [401, 401, 401]
        assert [search(server, "second", name) for name in NAMES] == [200, 200, 200]
        checked = subprocess.run(
            [PYTHON, FOLDER / "plugin" / "healthcheck.py"],
            env=environ(tmp_path, PORT=str(server.port), **settings), check=False,
        )  # fmt: skip
        assert checked.returncode == 0
        scrape = server.send("GET", "/metrics")
        assert (scrape.status, read(scrape.body)["mlflow_database_up"]) == (200, 1)
    assert " of the account" not in server.log.read_text()


def test_two_servers_at_once_make_the_accounts_of_one_postgres_once(tmp_path: Path) -> None:
    write_passwords(tmp_path, "first")
    with postgres_server() as address:
        uri = f"{address}accounts-at-once"
        begun = [
            subprocess.Popen(
                [PYTHON, "-c", PREPARE, uri, tmp_path],
                cwd=FOLDER,
                stderr=subprocess.PIPE,
                env=os.environ | {"PYTHONPATH": str(FOLDER)},
                text=True,
            )
            for _ in range(2)
        ]
        errors = [each.communicate()[1] for each in begun]
        assert [each.returncode for each in begun] == [0, 0], errors
        found = execute(uri, "SELECT username, is_admin FROM accounts.users ORDER BY 1")
    assert found == "[('admin', True), ('api', False), ('trainer', False)]"
