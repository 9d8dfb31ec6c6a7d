"""The model registry: the only module that knows MLflow's REST API.

MLflow's client takes 38 packages, a second at each start and 45 MB in each worker.
"""

import re
from http.client import HTTPException
from typing import Any, NamedTuple
from urllib.error import HTTPError
from urllib.parse import quote, urlencode, urlsplit

import msgspec

from mnist_api.model.version import Version
from mnist_api.registry.bounded_http import TooManyBytesError, is_same_server, read_url
from mnist_api.registry.credentials import (
    NO_CREDENTIALS,
    PASSWORD,
    TOKEN,
    USERNAME,
    Credentials,
)

ONNX = "model.onnx"
FOLDER = "extra_files"  # of a version's files for the API
STAGE = "Production"
ARTIFACTS = "/api/2.0/mlflow-artifacts/artifacts"  # those that the tracking server proxies
SHA256_TAGS = ("sha256", "digit_score_sha256", "drift_reference_sha256")
NOT_FOUND = ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE")  # no such model; no such alias
REQUEST_SECONDS = 15.0
TAG_SECONDS = 3.0  # a version waits for its activation meanwhile
FILE_SECONDS = 60.0
MAX_BYTES = 32 * 1024**2  # of a response; the model of a 784-2048-1024-512-10 network has 17 MB

_is_sha256 = re.compile(r"[0-9a-f]{64}").fullmatch


class RegistryError(Exception):
    """The registry can't be reached, or its response is not usable."""


class UnusableFileError(RegistryError):
    """A file has more bytes than a model may have, or is not proxied by the tracking server."""


class NotFoundError(RegistryError):
    """The registry has no such model or alias."""


class RegisteredModel(NamedTuple):
    """The id of the version with the alias, None if none has it, and the model's tags, at once."""

    aliased: str | None
    tags: dict[str, str]


class Registry:
    """The versions of one registered model."""

    def __init__(
        self, uri: str, name: str, alias: str, credentials: Credentials = NO_CREDENTIALS
    ) -> None:
        self._uri = uri
        self._name = name
        self._alias = alias
        self._credentials = credentials

    def find(self) -> Version | None:
        """Return the desired version: the alias's, else the newest of the stage, else None.

        Raises RegistryError.
        """
        try:
            found = self._call("registered-models/alias", name=self._name, alias=self._alias)
            return _describe(found["model_version"])
        except NotFoundError:
            return self._find_staged()

    def fetch(self, version: Version) -> bytes:
        """Return the ONNX file of ``version``. Raises RegistryError, UnusableFileError."""
        return self.fetch_extra(version, ONNX)

    def read_model(self) -> RegisteredModel:
        """Return what the history needs. Raises RegistryError, NotFoundError."""
        found = self._call("registered-models/get", TAG_SECONDS, name=self._name)
        model = found["registered_model"]
        aliases = {each["alias"]: str(each["version"]) for each in model.get("aliases", [])}
        return RegisteredModel(aliases.get(self._alias), _read_tags(model))

    def set_tag(self, key: str, value: str) -> None:
        """Set a tag of the registered model. Raises RegistryError."""
        tag = msgspec.json.encode({"name": self._name, "key": key, "value": value})
        self._get(f"{self._uri}/api/2.0/mlflow/registered-models/set-tag", TAG_SECONDS, tag)

    def fetch_extra(self, version: Version, file: str) -> bytes:
        """Return another file of ``version``. Raises as ``fetch`` does."""
        found = self._call("model-versions/get-download-uri", name=version.name, version=version.id)
        folder = self._find_url(self._find_artifacts(found["artifact_uri"]))
        return self._get(f"{folder}/{FOLDER}/{file}", FILE_SECONDS)

    def _find_staged(self) -> Version | None:
        endpoint = "registered-models/get-latest-versions"
        try:
            found = self._call(endpoint, name=self._name, stages=STAGE)
        except NotFoundError:
            return None
        return next(map(_describe, found.get("model_versions", [])), None)

    def _find_artifacts(self, source: str) -> str:
        """Return where the artifacts of ``source`` are: of a logged model, or in a run."""
        scheme, _, path = source.partition(":/")
        first, _, rest = path.strip("/").partition("/")
        if scheme == "models" and first.startswith("m-"):
            return _join(self._call(f"logged-models/{quote(first)}")["model"]["info"], rest)
        if scheme != "runs":
            return source
        run = self._call("runs/get", run_id=first)["run"]
        name, _, inside = rest.partition("/")
        for output in run.get("outputs", {}).get("model_outputs", []):
            model = self._call(f"logged-models/{quote(output['model_id'])}")["model"]["info"]
            if model["name"] == name:
                return _join(model, inside)
        return _join(run["info"], rest)

    def _find_url(self, uri: str) -> str:
        """Return the URL of the artifacts at ``uri``. Raises UnusableFileError."""
        server, host = urlsplit(self._uri), ""
        scheme, _, path = uri.partition(":/")
        if path.startswith("/"):
            host, _, path = path[1:].partition("/")
            host = host.rpartition("@")[2]
        path = quote(path.rstrip("/"))
        if scheme in ("http", "https"):
            return f"{scheme}://{host}/{path}"
        if scheme == "mlflow-artifacts":
            return f"{server.scheme}://{host or server.netloc}{server.path}{ARTIFACTS}/{path}"
        raise UnusableFileError(
            f"its files are in a store ({urlsplit(uri).scheme or 'file'}:) that the tracking "
            "server does not proxy: start the server with --serve-artifacts and "
            "--artifacts-destination, and register the version again, in a new experiment"
        )

    def _call(
        self, endpoint: str, seconds: float = REQUEST_SECONDS, **parameters: str
    ) -> dict[str, Any]:
        query = f"?{urlencode(parameters)}" if parameters else ""
        response = self._get(f"{self._uri}/api/2.0/mlflow/{endpoint}{query}", seconds)
        try:
            return msgspec.json.decode(response, type=dict[str, Any])
        except (msgspec.MsgspecError, ValueError) as error:
            raise RegistryError(f"{self._uri} does not respond as MLflow does") from error

    def _get(self, url: str, seconds: float = REQUEST_SECONDS, json: bytes | None = None) -> bytes:
        """Return what is at ``url``. Raises RegistryError, NotFoundError, UnusableFileError."""
        try:
            known = self._credentials if is_same_server(url, self._uri) else NO_CREDENTIALS
            return read_url(url, MAX_BYTES, seconds, known, json)
        except TooManyBytesError as error:
            raise _too_large() from error
        except HTTPError as error:
            with error:
                body = error.read1(10_000)  # a single read: the rest may arrive slowly
            if any(code.encode() in body for code in NOT_FOUND):
                raise NotFoundError(f"{url} does not exist") from error
            hint = f": set {USERNAME} and {PASSWORD}, or {TOKEN}" if error.code == 401 else ""
            raise RegistryError(f"{url} responds {error.code} {error.reason}{hint}") from error
        except (OSError, HTTPException, ValueError) as error:
            raise RegistryError(f"{url} does not respond: {_first_line(error)}") from error


def _read_tags(found: dict[str, Any]) -> dict[str, str]:
    return {tag["key"]: tag.get("value", "") for tag in found.get("tags", [])}


def _describe(found: dict[str, Any]) -> Version:
    tags = _read_tags(found)
    try:
        accuracy = float(tags["test_accuracy"])
    except (KeyError, ValueError):
        accuracy = None
    digests = (tags.get(key, "").strip().lower() for key in SHA256_TAGS)
    sha256, score, reference = (digest if _is_sha256(digest) else None for digest in digests)
    run_id = found.get("run_id") or None
    milliseconds = found.get("creation_timestamp")
    created = milliseconds / 1000 if isinstance(milliseconds, int | float) else None
    name, number = found["name"], str(found["version"])
    return Version(name, number, run_id, accuracy, sha256, score, reference, created)


def _join(info: dict[str, Any], path: str) -> str:
    """Return the URI of ``path`` in the artifacts of a run or a logged model."""
    return f"{info['artifact_uri'].rstrip('/')}/{path}"


def _too_large() -> UnusableFileError:
    return UnusableFileError(f"its file has more than {MAX_BYTES // 1024**2} MB")


def _first_line(message: object) -> str:
    return (str(message).strip().splitlines() or [type(message).__name__])[0].rstrip(".")[:300]
