"""The accounts of a tracking server with MLflow's basic-auth."""

from pathlib import Path

PASSWORD = "correct horse battery"  # noqa: S105 # of a server that lives for a test


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
