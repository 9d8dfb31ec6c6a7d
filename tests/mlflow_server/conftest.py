"""Tracking servers for all tests, and the routes that MLflow mounts."""

import base64
import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.servers.mlflow import PYTHON, ROOT, Server, environ, running

NAMES = "mnist.example, *.lan, 10.0.0.7:8080, [fd00::5]"
PASSWORD = "correct horse battery"  # noqa: S105 # of a server that lives for a test


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with default settings."""
    with running(tmp_path_factory.mktemp("server")) as server:
        yield server


@pytest.fixture(scope="session")
def named_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with further allowed hosts."""
    with running(tmp_path_factory.mktemp("named"), MLFLOW_ALLOWED_HOSTS=NAMES) as server:
        yield server


def account_settings(folder: Path) -> dict[str, str]:
    """Return the variables that `--app-name basic-auth` needs."""
    (folder / "auth.ini").write_text(
        "[mlflow]\ndefault_permission = READ\nadmin_username = admin\n"
        f"database_uri = sqlite:///{folder / 'accounts.db'}\n"
        "authorization_function = mlflow.server.auth:authenticate_request_basic_auth\n"
    )
    return {
        "MLFLOW_AUTH_CONFIG_PATH": str(folder / "auth.ini"),
        "MLFLOW_AUTH_ADMIN_PASSWORD": PASSWORD,
        "MLFLOW_FLASK_SERVER_SECRET_KEY": "for tests",
    }


@pytest.fixture(scope="session")
def basic_auth_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with MLflow's basic-auth."""
    folder = tmp_path_factory.mktemp("guarded")
    with running(folder, "--app-name=basic-auth", **account_settings(folder)) as server:
        yield server


@pytest.fixture(scope="session")
def mounted(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[tuple[str, str]]]:
    """Method and path of each route of MLflow's default app and of basic-auth's."""
    folder = tmp_path_factory.mktemp("mounted")
    variables = environ(folder, _MLFLOW_SGI_NAME="uvicorn", **account_settings(folder))
    script = ROOT / "tests" / "support" / "servers" / "list_routes.py"
    done = subprocess.run(
        [PYTHON, script], cwd=folder, env=variables, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return {
        app: [(method, path) for method, path in routes]
        for app, routes in json.loads(done.stdout).items()
    }


@pytest.fixture
def admin() -> dict[str, str]:
    """The header that authenticates the administrator."""
    account = base64.b64encode(f"admin:{PASSWORD}".encode()).decode()
    return {"Authorization": f"Basic {account}"}
