"""Tracking servers for all tests, and the routes that MLflow mounts."""

import base64
import json
import subprocess
from collections.abc import Iterator

import pytest

from support.servers.accounts import PASSWORD, account_settings
from support.servers.tracking import PYTHON, ROOT, TrackingServer, environ, tracking_server

NAMES = "mnist.example, *.lan, 10.0.0.7:8080, [fd00::5]"


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TrackingServer]:
    """A server with default settings."""
    with tracking_server(tmp_path_factory.mktemp("server #1")) as server:
        yield server


@pytest.fixture(scope="session")
def named_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TrackingServer]:
    """A server with further allowed hosts."""
    with tracking_server(tmp_path_factory.mktemp("named"), MLFLOW_ALLOWED_HOSTS=NAMES) as server:
        yield server


@pytest.fixture(scope="session")
def basic_auth_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TrackingServer]:
    """A server with MLflow's basic-auth."""
    folder = tmp_path_factory.mktemp("guarded")
    with tracking_server(folder, "--app-name=basic-auth", **account_settings(folder)) as server:
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
