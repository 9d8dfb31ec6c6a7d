"""Credentials for the tracking server, from the variables that MLflow's clients read, or a file."""

import re
import ssl
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote, urlsplit

USERNAME = "MLFLOW_TRACKING_USERNAME"
PASSWORD = "MLFLOW_TRACKING_PASSWORD"  # noqa: S105 # the variable's name
PASSWORD_FILE = "MLFLOW_TRACKING_PASSWORD_FILE"  # noqa: S105 # the variable's name; ours alone
TOKEN = "MLFLOW_TRACKING_TOKEN"  # noqa: S105 # the variable's name
INSECURE = "MLFLOW_TRACKING_INSECURE_TLS"
SERVER_CERT = "MLFLOW_TRACKING_SERVER_CERT_PATH"


@dataclass(frozen=True)
class Credentials:
    """How the API identifies itself to the tracking server, and verifies its certificate."""

    authorization: str | None = field(default=None, repr=False)  # the header's value
    tls: ssl.SSLContext | None = None  # None means Python's default


NO_CREDENTIALS = Credentials()


def read_credentials(environ: Mapping[str, str]) -> Credentials:
    """Read user and password, or a token, and what TLS needs if the server is at https.

    Raises ValueError; the message names the variable and shows no secret.
    """
    url = urlsplit(environ.get("MLFLOW_TRACKING_URI", ""))
    tls = _create_tls(environ) if url.scheme == "https" else None
    account = unquote(url.username or ""), unquote(url.password or "")
    variables = environ.get(USERNAME, ""), _read_password(environ)
    if not any(account) and all(variables):
        account = variables
    if any(account):
        return Credentials(f"Basic {b64encode(':'.join(account).encode()).decode()}", tls)
    token = environ.get(TOKEN, "")
    if not re.fullmatch("[!-~]*", token):
        raise ValueError(f"{TOKEN} must be ASCII characters without white space.")
    return Credentials(f"Bearer {token}" if token else None, tls)


def _read_password(environ: Mapping[str, str]) -> str:
    path = environ.get(PASSWORD_FILE)
    if not path:
        return environ.get(PASSWORD, "")
    try:
        return Path(path).read_text().strip()
    except (OSError, UnicodeDecodeError) as error:
        cause = getattr(error, "strerror", None) or "is no text"
        raise ValueError(f"{PASSWORD_FILE} is {path!r}, but {cause}.") from None


def _create_tls(environ: Mapping[str, str]) -> ssl.SSLContext:
    insecure = (environ.get(INSECURE) or "false").lower()
    if insecure not in ("true", "1", "false", "0"):
        raise ValueError(f"{INSECURE} is {insecure!r}, but must be true or false.")
    ignores = insecure in ("true", "1")
    path = environ.get(SERVER_CERT) or None
    if path and ignores:
        raise ValueError(f"{INSECURE} and {SERVER_CERT} are both set: unset one of them.")
    try:
        context = ssl.create_default_context(cafile=path)
    except OSError as error:
        raise ValueError(f"{SERVER_CERT} is {path!r}, but must be a PEM file ({error}).") from None
    context.check_hostname = not ignores
    context.verify_mode = ssl.CERT_NONE if ignores else ssl.CERT_REQUIRED
    return context
