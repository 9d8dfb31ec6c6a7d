"""The version of the registered model: found by its alias once, then loaded as the API does."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from mnist_api.model.active import LoadedModel
from mnist_api.model.onnx_model import ModelRefusedError, load_model
from mnist_api.model.trial import TrialIncompleteError, try_model
from mnist_api.model.version import Version
from mnist_api.registry.cache import Cache
from mnist_api.registry.mlflow_client import Registry, RegistryError
from mnist_api.registry.version_folders import DamagedError, check_sha256
from mnist_api.settings import Settings
from mnist_score.errors import ScoreError


def find_version(settings: Settings) -> Version:
    """Return the version that has the alias now. Raises ScoreError."""
    if settings.model_file is not None:
        digest = hashlib.sha256(settings.model_file.read_bytes()).hexdigest()
        return Version(settings.model_file.name, "file", None, None, digest)
    try:
        version = _connect(settings).find()
    except RegistryError as error:
        raise ScoreError(f"{error}.") from error
    if version is None:
        raise ScoreError(
            f"No version of {settings.model_name} has the alias {settings.model_alias}: "
            "promote one."
        )
    return version


def load_version(settings: Settings, version: Version) -> LoadedModel:
    """Load ``version`` from the cache or the registry, after its trial. Raises ScoreError."""
    with _translate_errors(version):
        content = _obtain(settings, version)
        model = load_model(content)
    return LoadedModel(model, version, "registry", datetime.now(UTC))


def _obtain(settings: Settings, version: Version) -> bytes:
    path = settings.model_file
    if (version.id == "file") != (path is not None):
        source = "MODEL_FILE" if path is None else "the registry, without MODEL_FILE"
        raise ScoreError(f"The output was begun with {version.name} from {source}: use that.")
    if path is not None:
        return _read_file(path, version)
    if version.name != settings.model_name:
        raise ScoreError(f"The output was begun with MODEL_NAME={version.name}: use that.")
    cache = Cache(settings.cache, settings.model_name, settings.model_alias, settings.tracking_uri)
    return cache.obtain(version, _connect(settings).fetch, try_model)


def _read_file(path: Path, version: Version) -> bytes:
    content = path.read_bytes()
    check_sha256(content, version.sha256)
    try_model(content)
    return content


def _connect(settings: Settings) -> Registry:
    return Registry(
        settings.tracking_uri, settings.model_name, settings.model_alias, settings.credentials
    )


@contextmanager
def _translate_errors(version: Version) -> Iterator[None]:
    try:
        yield
    except (RegistryError, DamagedError, ModelRefusedError, TrialIncompleteError) as error:
        which = f"{version.name}, version {version.id}"
        raise ScoreError(f"{which}, can't be used: {error}.") from error
