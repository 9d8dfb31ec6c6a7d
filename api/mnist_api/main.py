"""Wires the parts of the API together, from the settings in the environment."""

import hashlib
import os
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from flask import Flask

from mnist_api.drift.sampler import Sampler
from mnist_api.drift.window import Window
from mnist_api.handlers.access.allowed_hosts import AllowedHosts
from mnist_api.handlers.access.cross_origin import CrossOrigin
from mnist_api.handlers.context import Context
from mnist_api.handlers.router import TEMPLATES
from mnist_api.imaging.picture_lock import PictureLock
from mnist_api.model.active import ActiveModel, LoadedModel
from mnist_api.model.onnx_model import ModelRefusedError, import_runtime, load_model
from mnist_api.model.trial import TrialIncompleteError, try_model
from mnist_api.model.version import Version
from mnist_api.registry.cache import Cache
from mnist_api.registry.history.recorder import History
from mnist_api.registry.mlflow_client import Registry
from mnist_api.registry.poller import Poller
from mnist_api.registry.shared_registry import SharedRegistry
from mnist_api.server.asgi_app import AsgiApp
from mnist_api.server.connections import Connections
from mnist_api.server.proxies import Proxies
from mnist_api.settings import Settings, SettingsError, read_settings
from mnist_api.telemetry.error_log import configure_logging
from mnist_api.telemetry.metrics import Metrics
from mnist_api.telemetry.recorder import RequestRecorder
from mnist_api.web.app import create_app


def create_asgi() -> AsgiApp:
    """Return the ASGI application; each worker starts it after the fork.

    A setting that can't be used ends the process with a sentence.
    """
    try:
        settings = read_settings(os.environ)
        context, start = _wire(settings)
    except SettingsError as error:
        sys.exit(str(error))
    recorder = RequestRecorder(context.metrics, context.active, settings.access_log)
    flask = create_app(context, recorder)
    connections = Connections(settings.request_seconds, Proxies(settings.proxies))
    return AsgiApp(flask, context, recorder, start, connections)


def create_wsgi() -> Flask:
    """Return the Flask app with its model, for a WSGI server.

    Load it in each worker: threads do not survive a fork, so that with gunicorn's --preload the
    registry would not be polled. GET /metrics shows the process that answers it.
    """
    settings = read_settings(os.environ)
    context, start = _wire(settings)
    recorder = RequestRecorder(context.metrics, context.active, settings.access_log)
    recorder.start()
    start()
    return create_app(context, recorder)


def _wire(settings: Settings) -> tuple[Context, Callable[[], None]]:
    """Return what the handlers need, and what each worker calls to load its model."""
    configure_logging()
    import_runtime()  # before the fork: one copy in memory for all workers
    window = Window()  # before the fork: shared by all workers
    sampler = Sampler(window)
    active = ActiveModel(settings.model_name, sampler)
    context = Context(
        active,
        settings.max_content_length,
        settings.max_form_files,
        PictureLock(),  # before the fork: shared by all workers
        AllowedHosts(settings.allowed_hosts),
        CrossOrigin(settings.cors_origins),
        Metrics(TEMPLATES),  # as above
        window,
        settings.token,
    )
    if settings.model_file is not None:
        path, now = settings.model_file, datetime.now(UTC)
        content = _read_file(path)
        return context, lambda: _activate_file(active, path, content, now)
    registry = Registry(
        settings.tracking_uri, settings.model_name, settings.model_alias, settings.credentials
    )
    cache = Cache(settings.cache, settings.model_name, settings.model_alias, settings.tracking_uri)
    history = History(registry, settings.model_alias, settings.poll_seconds)
    shared = SharedRegistry(registry, settings.poll_seconds)  # before the fork, as above
    poller = Poller(active, shared, cache, history, settings.poll_seconds)

    def start() -> None:
        sampler.start()
        poller.start()

    return context, start


def _read_file(path: Path) -> bytes:
    """Return the ONNX file at ``path`` after its trial. Raises SettingsError."""
    try:
        content = path.read_bytes()
        try_model(content)
    except (OSError, ModelRefusedError, TrialIncompleteError) as error:
        raise _refuse_file(path, error) from error
    return content


def _activate_file(active: ActiveModel, path: Path, content: bytes, since: datetime) -> None:
    """Activate the model in ``content``, read from ``path``. Raises SettingsError."""
    try:
        model = load_model(content)
    except ModelRefusedError as error:
        raise _refuse_file(path, error) from error
    version = Version(path.name, "file", None, None, hashlib.sha256(content).hexdigest())
    active.current = LoadedModel(model, version, "file", since)


def _refuse_file(path: Path, error: Exception) -> SettingsError:
    return SettingsError(f"MODEL_FILE is {str(path)!r}, but can't be served: {error}.")
