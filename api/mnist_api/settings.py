"""The settings, read once from the environment."""

import re
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from ipaddress import ip_network
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

from mnist_api.handlers.access.bearer_token import BearerToken, read_token
from mnist_api.handlers.access.cross_origin import is_origin
from mnist_api.registry.credentials import Credentials, read_credentials

Read = TypeVar("Read")


class SettingsError(Exception):
    """A setting can't be used; the message names the variable, its value and what is allowed."""


@dataclass(frozen=True)
class Settings:
    """The API's settings; sizes in bytes, times in seconds."""

    tracking_uri: str  # without user and password
    credentials: Credentials
    model_name: str
    model_alias: str
    poll_seconds: float
    cache: Path
    model_file: Path | None
    workers: int
    max_content_length: int
    max_form_files: int
    request_seconds: float  # for a request to arrive; a body has longer while it is fast enough
    access_log: bool
    allowed_hosts: tuple[str, ...]  # names besides those that are always allowed
    proxies: tuple[str, ...]  # addresses and networks whose X-Forwarded-For is believed
    token: BearerToken
    cors_origins: tuple[str, ...]  # whose pages may call the API; "*" is every one
    host: str
    port: int


def read_settings(environ: Mapping[str, str]) -> Settings:
    """Read ``environ``; an empty variable counts as one that is not set. Raises SettingsError."""
    return Settings(
        tracking_uri=_url(environ, "MLFLOW_TRACKING_URI", "http://127.0.0.1:5000"),
        credentials=_secret(read_credentials, environ),
        model_name=_matching(
            environ,
            "MODEL_NAME",
            "mnist-classifier",
            r"[^/:]+",
            "a registered model's name, without '/' and ':'",
        ),
        model_alias=_matching(
            environ,
            "MODEL_ALIAS",
            "Production",
            r"[A-Za-z0-9_-]+",
            "an alias of letters, digits, '_' and '-'",
        ),
        poll_seconds=_number(environ, "MODEL_POLL_SECONDS", 2.0, 0.1, 3600.0),
        cache=_cache(environ),
        model_file=_model_file(environ),
        workers=int(_number(environ, "WEB_CONCURRENCY", 2, 1, 64)),
        max_content_length=int(_number(environ, "MAX_CONTENT_LENGTH", 16 * 1024**2, 1024, 1024**3)),
        max_form_files=int(_number(environ, "MAX_FORM_FILES", 64, 1, 10_000)),
        request_seconds=_number(environ, "REQUEST_SECONDS", 30.0, 0.1, 3600.0),
        access_log=_truth(environ, "ACCESS_LOG", "true"),
        allowed_hosts=_hosts(environ, "API_ALLOWED_HOSTS"),
        proxies=_addresses(environ, "FORWARDED_ALLOW_IPS"),
        token=_secret(read_token, environ),
        cors_origins=_origins(environ, "CORS_ORIGINS"),
        host=_host(environ, "HOST", "127.0.0.1"),
        port=int(_number(environ, "PORT", 8000, 1, 65535)),
    )


def _url(environ: Mapping[str, str], name: str, default: str) -> str:
    value = environ.get(name) or default
    try:
        parts = urlsplit(value)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        shown = re.sub(r"^(\w+://)?.*@", r"\1***@", value, flags=re.DOTALL)  # no password
        raise _refused(name, shown, "the tracking server's address, such as http://127.0.0.1:5000")
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl().rstrip("/")


def _secret(read: Callable[[Mapping[str, str]], Read], environ: Mapping[str, str]) -> Read:
    try:
        return read(environ)
    except ValueError as error:
        raise SettingsError(str(error)) from None


def _matching(
    environ: Mapping[str, str], name: str, default: str, pattern: str, allowed: str
) -> str:
    value = environ.get(name) or default
    if not re.fullmatch(pattern, value):
        raise _refused(name, value, allowed)
    return value


def _host(environ: Mapping[str, str], name: str, default: str) -> str:
    value = environ.get(name) or default
    try:
        socket.getaddrinfo(value, None)
    except (OSError, UnicodeError):  # conda's compilers set HOST to the name of a platform
        raise _refused(name, value, "an address of this machine, such as 127.0.0.1") from None
    return value


def _hosts(environ: Mapping[str, str], name: str) -> tuple[str, ...]:
    hosts = _split(environ, name)
    if any(re.search(r"[\s/]", host) for host in hosts):
        raise _refused(
            name, environ[name], "names such as mnist.lan or *.lan:8000, separated by commas"
        )
    return hosts


def _addresses(environ: Mapping[str, str], name: str) -> tuple[str, ...]:
    addresses = _split(environ, name)
    try:
        for address in addresses:
            if addresses != ("*",):
                ip_network(address)
    except ValueError:
        allowed = "addresses and networks such as 10.0.0.7,172.16.0.0/12, or * for all"
        raise _refused(name, environ[name], allowed) from None
    return addresses


def _origins(environ: Mapping[str, str], name: str) -> tuple[str, ...]:
    origins = tuple(one.lower().removesuffix("/") for one in _split(environ, name))  # as copied
    if any(not is_origin(origin) for origin in origins):
        raise _refused(
            name,
            environ[name],
            "origins as a browser sends them, such as https://page.example or "
            "http://localhost:3000, without a path and the scheme's own port, separated by "
            "commas; or *",
        )
    return origins


def _split(environ: Mapping[str, str], name: str) -> tuple[str, ...]:
    parts = environ.get(name, "").split(",")
    return tuple(part.strip() for part in parts if part.strip())


def _number(
    environ: Mapping[str, str], name: str, default: float, least: float, most: float
) -> float:
    """Return a number in ``least`` to ``most``; a whole one where the default is whole."""
    kind = type(default)
    value = environ.get(name) or str(default)
    try:
        number = kind(value)
    except ValueError:
        number = least - 1
    if not least <= number <= most:
        allowed = "a whole number" if kind is int else "a number"
        raise _refused(name, value, f"{allowed} from {least:g} to {most:.12g}")
    return number


def _truth(environ: Mapping[str, str], name: str, default: str) -> bool:
    value = environ.get(name) or default
    if value.lower() not in ("true", "false"):
        raise _refused(name, value, "true or false")
    return value.lower() == "true"


def _cache(environ: Mapping[str, str]) -> Path:
    if given := environ.get("MODEL_CACHE"):
        return Path(given).absolute()
    caches = environ.get("XDG_CACHE_HOME")
    return (Path(caches) if caches else Path.home() / ".cache") / "mnist-api"


def _model_file(environ: Mapping[str, str]) -> Path | None:
    value = environ.get("MODEL_FILE")
    if not value:
        return None
    if not Path(value).is_file():
        raise _refused("MODEL_FILE", value, "the path of an ONNX file; there is no file there")
    return Path(value).absolute()


def _refused(name: str, value: str, allowed: str) -> SettingsError:
    return SettingsError(f"{name} is {value!r}, but must be {allowed}.")
