"""The programs of the stack as they run on this machine, and the settings each one gets."""

import os
import sys
from collections.abc import Mapping
from pathlib import Path

from local.environments import ROOT, python_of
from local.processes import Program
from local.settings import Settings

# Files that are named relative to the user's working directory, unlike that of the program.
FILES = (
    "API_TOKEN_FILE",
    "MLFLOW_TRACKING_PASSWORD_FILE",
    "MLFLOW_TRACKING_SERVER_CERT_PATH",
    "MODEL_FILE",
    "OPTUNA_PASSWORD_FILE",
)


def environments(*names: str) -> Program:
    """Installs environments; a program of its own, so that Ctrl-C stops it as well."""
    command = [sys.executable, "-m", "local", "environment", *names]
    return Program("the installation", command, ROOT, os.environ)


def mlflow_server(settings: Settings) -> Program:
    """The tracking server on SQLite and files in the state folder."""
    return Program(
        "MLflow",
        [python_of("mlflow-server"), "start.py"],
        ROOT / "mlflow-server",
        _environ(HOST="127.0.0.1", PORT=str(settings.mlflow_port), **_stores(settings)),
        settings.state / "logs" / "mlflow-server.log",
    )


def backup(settings: Settings, *arguments: str) -> Program:
    """Writes an archive of the local stack, or restores one."""
    name = {"create": "The backup", "restore": "The restore"}[arguments[0]]
    command: list[str | Path] = [python_of("mlflow-server"), "-m", "backup", *arguments]
    return Program(name, command, ROOT / "mlflow-server", _environ(**_stores(settings)))


def composed_backup() -> Program:
    """Writes an archive of the composed stack, in the container of its tracking server."""
    create = ("python", "-m", "backup", "create", "--stop-with-input")
    return _compose("The backup", "exec", "-T", "mlflow-server", *create)


def composed_checks() -> list[Program]:
    """What Compose runs before the database, here by itself, as it shows a message only then."""
    run = ("run", "--rm", "--build", "--no-deps", "-T")
    return [_compose("The restore", *run, each) for each in ("passwords", "database-check")]


def composed_restore(container: str, *options: str) -> Program:
    """Restores an archive in a container of its own, after those of database and artifacts."""
    run = ("run", "--rm", "--build", "-T", f"--name={container}", "--entrypoint=python")
    return _compose("The restore", *run, "mlflow-server", "-m", "backup", "restore", *options)


def gc(settings: Settings, options: list[str]) -> Program:
    """Lists what nothing needs any more in the local stack's data, or removes it."""
    return Program(
        "the collection",
        [python_of("mlflow-server"), "collect.py", *options],
        ROOT / "mlflow-server",
        _environ(MODEL_CACHE=_model_cache(settings), **_stores(settings)),
    )


def composed_gc(container: str, options: list[str]) -> Program:
    """The same for the composed stack, in a container like that of its tracking server."""
    cache = ("--volume=model-cache:/cache", "--env=MODEL_CACHE=/cache")
    run = ("run", "--rm", "--no-deps", "-T", f"--name={container}", *cache, "--entrypoint=python")
    return _compose("The collection", *run, "mlflow-server", "collect.py", *options)


def trainer(
    settings: Settings, arguments: list[str], environ: Mapping[str, str] = os.environ
) -> Program:
    """The trainer with the arguments of its own command line, and ``environ``'s tracking server."""
    return Program(
        "the training",
        [python_of("trainer"), "-m", "mnist_trainer", *arguments],
        ROOT / "trainer",
        _environ(
            MLFLOW_TRACKING_URI=environ.get("MLFLOW_TRACKING_URI") or settings.mlflow_url,
            API_URL=os.environ.get("API_URL") or settings.api_url,
            MODELS_DIR=_absolute_path("MODELS_DIR", ROOT / "models"),
            DATA_DIR=_absolute_path("DATA_DIR", ROOT / "trainer" / "data"),
            PYTHONUNBUFFERED="1",
        ),
    )


def api(settings: Settings) -> Program:
    """The API, which takes its model from the local tracking server."""
    return Program(
        "the API",
        [python_of("api"), "-m", "gunicorn", "-c", "gunicorn.conf.py"],
        ROOT / "api",
        _environ(
            MLFLOW_TRACKING_URI=settings.mlflow_url,
            MODEL_CACHE=_model_cache(settings),
            HOST="127.0.0.1",
            PORT=str(settings.api_port),
        ),
        settings.state / "logs" / "api.log",
    )


def _stores(settings: Settings) -> dict[str, str]:
    """Return where the tracking server keeps runs and artifacts."""
    folder = settings.state / "mlflow"
    return {
        "BACKEND_STORE_URI": f"sqlite:///{folder}/mlflow.db",
        "ARTIFACTS_DESTINATION": f"{folder}/artifacts",
    }


def _compose(name: str, *arguments: str) -> Program:
    return Program(name, ["docker", "compose", *arguments], ROOT, os.environ)


def _model_cache(settings: Settings) -> str:
    return _absolute_path("MODEL_CACHE", settings.state / "model-cache")


def _absolute_path(name: str, default: Path) -> str:
    """Return the absolute path in a variable, relative to the user's working directory."""
    return str(Path(os.environ.get(name, "").strip() or default).absolute())


def _environ(**values: str) -> dict[str, str]:
    """Return this process's variables, updated with ``values``.

    Without those that add other packages to Python's path, or that disable its bytecode cache.
    """
    omitted = ("PYTHONPATH", "PYTHONHOME", "PYTHONDONTWRITEBYTECODE")
    files = {name: str(Path(os.environ[name]).absolute()) for name in FILES if os.environ.get(name)}
    return {k: v for k, v in os.environ.items() if k not in omitted} | files | values
