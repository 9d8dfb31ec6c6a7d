"""Starts the tracking server, as a local process and in its container alike.

Settings: BACKEND_STORE_URI (the database of runs and the registry), ARTIFACTS_DESTINATION (the
artifact store, which the server proxies for clients), HOST, PORT, MLFLOW_ALLOWED_HOSTS (see
allowed_hosts.py) and, if there are passwords, CREDENTIALS_FOLDER (see credentials.py). With
ACCOUNTS_FOLDER, that of the accounts' passwords, requests need an account (see accounts.py), and
two more are needed: CREDENTIALS_FOLDER, and MODEL_NAME, the model that the API's account may edit.
Arguments are those of `mlflow server`.
"""

import os
import sys
from pathlib import Path
from typing import NoReturn

from allowed_hosts import AllowedHostsError, read_allowed_hosts
from credentials import CredentialsError, connection_settings
from database import DatabaseError, keep_restores_away, prepare_database

PLUGIN = Path(__file__).resolve().with_name("plugin")
SETTINGS = {
    "MLFLOW_DEPLOYMENTS_TARGET": "",  # the UI's gateway-proxy then reports no model server
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",  # saves 2 GB
    "PYTHONPATH": str(PLUGIN),
}


def main() -> None:
    """Replace this process by the server, so that the server receives the signals."""
    try:
        hosts = read_allowed_hosts(os.environ.get("MLFLOW_ALLOWED_HOSTS", ""))
    except AllowedHostsError as error:
        sys.exit(str(error))
    database = os.environ["BACKEND_STORE_URI"]
    try:
        os.environ.update(SETTINGS | connection_settings(os.environ))
        with keep_restores_away(database):
            _serve(hosts, [f"--backend-store-uri={database}", *_prepare(database), *sys.argv[1:]])
    except (CredentialsError, DatabaseError) as error:
        sys.exit(str(error))


def _prepare(database: str) -> list[str]:
    """Prepare the database, and the accounts if there are some; return MLflow's options."""
    prepare_database(database)
    if not (accounts := os.environ.get("ACCOUNTS_FOLDER")):
        return []
    from accounts import prepare_accounts  # imports MLflow, which takes seconds

    places = Path(os.environ["CREDENTIALS_FOLDER"]), Path(accounts)
    os.environ.update(prepare_accounts(*places, database, os.environ["MODEL_NAME"]))
    return ["--app-name=basic-auth"]


def _serve(hosts: str, options: list[str]) -> NoReturn:
    os.execv(  # noqa: S606
        sys.executable,
        [
            sys.executable,
            *("-P", "-m", "mlflow", "server"),  # not its script, which fails in a moved clone
            f"--artifacts-destination={os.environ['ARTIFACTS_DESTINATION']}",
            f"--host={os.environ.get('HOST', '127.0.0.1')}",
            f"--port={os.environ.get('PORT', '5000')}",
            f"--allowed-hosts={hosts}",
            "--uvicorn-opts=--http=request_filter.protocol:FilteredProtocol",
            "--workers=1",
            *options,
        ],
    )


if __name__ == "__main__":
    main()
