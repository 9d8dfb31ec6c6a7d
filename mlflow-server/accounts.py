"""MLflow's basic-auth: the accounts of the stack, and its settings.

`admin` is for people and may do everything. `trainer` may edit every experiment and every model,
`api` the model that it serves, where it writes the history of the alias. All accounts, those that
the administrator makes included, may read everything.
"""

import os
import secrets
from pathlib import Path

import sqlalchemy
from database import DatabaseError, lock_database
from mlflow.store.db.utils import create_sqlalchemy_engine_with_retry

SCHEMA = "accounts"  # in Postgres, of the tables: a later MLflow may use their names itself
CONFIG = """\
[mlflow]
default_permission = READ
admin_username = admin
database_uri = {uri}
auth_cache_ttl_seconds = 60
"""


def prepare_accounts(folder: Path, passwords: Path, database: str, model: str) -> dict[str, str]:
    """Create the accounts, or give them their passwords, and return MLflow's variables.

    A configuration file is written to ``folder``; ``model`` is the one that the API serves.
    Servers that start at once do so one after the other. Raises DatabaseError.
    """
    with lock_database(database):
        try:
            return _prepare(folder, passwords, database, model)
        except Exception as error:
            raise DatabaseError(f"MLflow's accounts could not be prepared: {error}") from error


def _prepare(folder: Path, passwords: Path, database: str, model: str) -> dict[str, str]:
    engine = create_sqlalchemy_engine_with_retry(database)  # waits for it as MLflow does
    url = engine.url
    if engine.name == "postgresql":
        with engine.begin() as connection:
            connection.execute(sqlalchemy.text(f"create schema if not exists {SCHEMA}"))
        url = url.update_query_dict({"options": f"-csearch_path={SCHEMA}"})
    uri = url.render_as_string(hide_password=False)
    config = folder / "accounts.ini"
    config.write_text(CONFIG.format(uri=uri.replace("%", "%%")))
    variables = {
        "MLFLOW_AUTH_CONFIG_PATH": str(config),
        "MLFLOW_FLASK_SERVER_SECRET_KEY": secrets.token_hex(),  # of the forms at /signup
    }
    os.environ.update(variables)  # read by this import
    from mlflow.server.auth.sqlalchemy_store import SqlAlchemyStore

    store = SqlAlchemyStore()
    store.init_db(uri)
    for name in ("admin", "trainer", "api"):
        password = read_password(passwords, name)
        if not store.has_user(name):
            store.create_user(name, password)
        store.update_user(name, password, is_admin=name == "admin")
    store.grant_user_permission("trainer", "experiment", "*", "EDIT")
    store.grant_user_permission("trainer", "registered_model", "*", "EDIT")
    for former in store.list_registered_model_permissions("api"):
        if former.permission == "EDIT":  # not MANAGE: of a model that it has created
            store.delete_registered_model_permission(former.name, "api")
    store.grant_user_permission("api", "registered_model", model, "EDIT")
    return variables


def read_password(passwords: Path, name: str) -> str:
    """Return the password of an account."""
    return (passwords / f"mlflow-{name}" / "password").read_text()
