"""Wires the parts together, from the environment's settings."""

import hashlib
import os
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from flask import Flask

from mnist_api.handlers.allowed_hosts import AllowedHosts
from mnist_api.imaging.picture_lock import PictureLock
from mnist_api.model.active import Served, Serving
from mnist_api.model.onnx_model import NetworkRefusedError, import_runtime, load_network
from mnist_api.model.trial import NotTriedError, try_network
from mnist_api.model.version import Version
from mnist_api.registry.cache import Cache
from mnist_api.registry.mlflow_client import Registry
from mnist_api.registry.poller import Refresh
from mnist_api.server.asgi_app import Front
from mnist_api.settings import Settings, SettingsError, read_settings
from mnist_api.telemetry.error_log import configure_logging
from mnist_api.web.app import create_app


def create_front() -> Front:
    """Return the ASGI application; each worker starts serving after its fork.

    Where a setting can't be used, the process ends with its sentence.
    """
    try:
        settings = read_settings(os.environ)
        serving, start = _wire(settings)
    except SettingsError as error:
        sys.exit(str(error))
    hosts = AllowedHosts(settings.allowed_hosts)
    flask = create_app(serving, settings.max_content_length, hosts)
    return Front(
        flask,
        serving,
        start,
        settings.max_content_length,
        settings.request_seconds,
        settings.access_log,
        hosts,
    )


def create_wsgi() -> Flask:
    """Return the Flask app, already serving, for a WSGI server without the front.

    Load it in each worker: no thread outlives a fork, so that with gunicorn's --preload nobody
    would ask the registry. Metrics and access log are the front's, and missing here.
    """
    settings = read_settings(os.environ)
    serving, start = _wire(settings)
    start()
    hosts = AllowedHosts(settings.allowed_hosts)
    return create_app(serving, settings.max_content_length, hosts)


def _wire(settings: Settings) -> tuple[Serving, Callable[[], None]]:
    """Return what serves, and what to call in a worker to set it to work."""
    configure_logging()
    import_runtime()  # before the fork: one copy for all workers
    serving = Serving(
        settings.model_name,
        settings.max_content_length,
        settings.max_form_files,
        PictureLock(),  # before the fork as well: one for all workers
    )
    if settings.model_file is not None:
        path, now = settings.model_file, datetime.now(UTC)
        content = _read_file(path)
        return serving, lambda: _serve_file(serving, path, content, now)
    registry = Registry(settings.tracking_uri, settings.model_name, settings.model_alias)
    cache = Cache(settings.cache, settings.model_name)
    return serving, Refresh(serving, registry, cache, settings.poll_seconds).start


def _read_file(path: Path) -> bytes:
    """Return the ONNX file at ``path``, once it is tried. Raises SettingsError."""
    try:
        content = path.read_bytes()
        try_network(content)
    except (OSError, NetworkRefusedError, NotTriedError) as error:
        raise _refused_file(path, error) from error
    return content


def _serve_file(serving: Serving, path: Path, content: bytes, since: datetime) -> None:
    """Put what was read from ``path`` into service. Raises SettingsError."""
    try:
        network = load_network(content)
    except NetworkRefusedError as error:
        raise _refused_file(path, error) from error
    digest = hashlib.sha256(content).hexdigest()
    serving.current = Served(network, Version(path.name, "file", None, None, digest), "file", since)


def _refused_file(path: Path, error: Exception) -> SettingsError:
    return SettingsError(f"MODEL_FILE is {str(path)!r}, but can't be served: {error}.")
