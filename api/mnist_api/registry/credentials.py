"""Credentials for the tracking server, from the variables that MLflow's clients read."""

import re
import ssl
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

INSECURE = "MLFLOW_TRACKING_INSECURE_TLS"
SERVER_CERT = "MLFLOW_TRACKING_SERVER_CERT_PATH"
CLIENT_CERT = "MLFLOW_TRACKING_CLIENT_CERT_PATH"


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
    user, password = unquote(url.username or ""), unquote(url.password or "")
    if not (user or password):
        user = environ.get("MLFLOW_TRACKING_USERNAME", "")
        password = environ.get("MLFLOW_TRACKING_PASSWORD", "")
        if not (user and password):
            user = password = ""
    tls = _create_tls(environ) if url.scheme == "https" else None
    if user or password:
        return Credentials(f"Basic {b64encode(f'{user}:{password}'.encode()).decode()}", tls)
    token = environ.get("MLFLOW_TRACKING_TOKEN", "")
    if not re.fullmatch("[!-~]*", token):
        raise ValueError("MLFLOW_TRACKING_TOKEN must be ASCII characters without white space.")
    return Credentials(f"Bearer {token}" if token else None, tls)


def _create_tls(environ: Mapping[str, str]) -> ssl.SSLContext:
    insecure = (environ.get(INSECURE) or "false").lower()
    if insecure not in ("true", "1", "false", "0"):
        raise ValueError(f"{INSECURE} is {insecure!r}, but must be true or false.")
    name, path = SERVER_CERT, environ.get(SERVER_CERT) or None
    if path and insecure in ("true", "1"):
        raise ValueError(f"{INSECURE} and {SERVER_CERT} are both set: unset one of them.")
    try:
        context = ssl.create_default_context(cafile=path)
        name, path = CLIENT_CERT, environ.get(CLIENT_CERT) or None
        if path:
            context.load_cert_chain(path, password="")  # so that OpenSSL does not ask for one
    except OSError as error:
        raise ValueError(f"{name} is {path!r}, but must be a PEM file ({error}).") from None
    if insecure in ("true", "1"):
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context
