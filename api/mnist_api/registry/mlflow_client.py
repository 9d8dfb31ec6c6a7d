"""The model registry: the only module that knows MLflow's API.

It uses the REST API: importing MLflow's client takes a second at each start and 45 MB in each
worker, for two GET requests. The client runs in a process of its own if artifacts are not proxied.
"""

import json
import os
import re
import subprocess
import tempfile
from http.client import HTTPException
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.parse import quote, urlencode

from mnist_api.model.child_process import run_child
from mnist_api.model.version import Version
from mnist_api.registry.bounded_http import TooManyBytesError, read_url

FILE = "extra_files/model.onnx"  # inside a version's files
STAGE = "Production"
PROXIED = "mlflow-artifacts:/"  # artifacts that the tracking server proxies
NOT_FOUND = ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE")  # no such model; no such alias
REQUEST_SECONDS = 15.0
FILE_SECONDS = 60.0
MAX_BYTES = 32 * 1024**2  # of a response; the model of a 784-2048-1024-512-10 network has 17 MB

_is_sha256 = re.compile(r"[0-9a-f]{64}").fullmatch


class RegistryError(Exception):
    """The registry can't be reached, or its response is not usable."""


class TooLargeError(RegistryError):
    """A file has more bytes than a model may have."""


class NotFoundError(RegistryError):
    """The registry has no such model or alias."""


class Registry:
    """The versions of one registered model."""

    def __init__(self, uri: str, name: str, alias: str) -> None:
        self._uri = uri
        self._name = name
        self._alias = alias

    def find(self) -> Version | None:
        """Return the desired version: the alias's, else the newest of the stage, else None.

        Raises RegistryError.
        """
        try:
            found = self._call("registered-models/alias", name=self._name, alias=self._alias)
            return _describe(found["model_version"])
        except NotFoundError:
            staged = [one for one in self._versions() if one.get("current_stage") == STAGE]
            return _describe(max(staged, key=lambda one: int(one["version"]))) if staged else None

    def fetch(self, version: Version) -> bytes:
        """Return the ONNX file of ``version``. Raises RegistryError, TooLargeError."""
        uri = self._find_artifacts(version)
        if not uri.startswith(PROXIED):
            return self._fetch_with_client(version)
        path = quote(f"{uri.removeprefix(PROXIED).strip('/')}/{FILE}")
        return self._get(f"{self._uri}/api/2.0/mlflow-artifacts/artifacts/{path}", FILE_SECONDS)

    def _versions(self) -> list[dict[str, Any]]:
        """Return all versions of the model."""
        name = self._name.replace("'", "''")
        parameters = {"filter": f"name = '{name}'"}
        versions: list[dict[str, Any]] = []
        while True:
            page = self._call("model-versions/search", **parameters)
            versions += page.get("model_versions", [])
            if not page.get("next_page_token"):
                return versions
            parameters["page_token"] = page["next_page_token"]

    def _find_artifacts(self, version: Version) -> str:
        """Return the URI of the version's artifacts; that of a logged model is in the model."""
        uri: str = self._call(
            "model-versions/get-download-uri", name=version.name, version=version.id
        )["artifact_uri"]
        if uri.startswith("models:/m-"):
            model = quote(uri.removeprefix("models:/"), safe="")
            uri = self._call(f"logged-models/{model}")["model"]["info"]["artifact_uri"]
        return uri

    def _fetch_with_client(self, version: Version) -> bytes:
        uri = f"models:/{version.name}/{version.id}/{FILE}"
        with tempfile.TemporaryDirectory(prefix="mnist-api-") as folder:
            arguments = [self._uri, uri, folder, str(MAX_BYTES)]
            try:
                ended = run_child(
                    "registry.client_download", arguments, os.environ, b"", FILE_SECONDS
                )
            except (OSError, subprocess.TimeoutExpired) as error:
                raise RegistryError(f"{uri} can't be fetched: {_first_line(error)}") from error
            file = Path(folder) / FILE
            if file.is_file() and file.stat().st_size > MAX_BYTES:
                raise _too_large()
            if ended.returncode != 0 or not file.is_file():
                output = ended.stdout.decode(errors="replace")
                raise RegistryError(f"{uri} can't be fetched: {_first_line(output)}")
            return file.read_bytes()

    def _call(self, endpoint: str, **parameters: str) -> dict[str, Any]:
        query = f"?{urlencode(parameters)}" if parameters else ""
        response = self._get(f"{self._uri}/api/2.0/mlflow/{endpoint}{query}")
        try:
            found = json.loads(response)
        except ValueError as error:
            raise RegistryError(f"{self._uri} does not respond as MLflow does") from error
        if not isinstance(found, dict):
            raise RegistryError(f"{self._uri} does not respond as MLflow does")
        return found

    def _get(self, url: str, seconds: float = REQUEST_SECONDS) -> bytes:
        """Return what is at ``url``. Raises RegistryError, NotFoundError, TooLargeError."""
        try:
            return read_url(url, MAX_BYTES, seconds)
        except TooManyBytesError as error:
            raise _too_large() from error
        except HTTPError as error:
            with error:
                body = error.read1(10_000)  # a single read: the rest may arrive slowly
            if any(code.encode() in body for code in NOT_FOUND):
                raise NotFoundError(f"{url} does not exist") from error
            raise RegistryError(f"{url} responds {error.code} {error.reason}") from error
        except (OSError, HTTPException) as error:
            raise RegistryError(f"{self._uri} does not respond: {_first_line(error)}") from error


def _describe(found: dict[str, Any]) -> Version:
    tags = {tag["key"]: tag.get("value", "") for tag in found.get("tags", [])}
    try:
        accuracy = float(tags["test_accuracy"])
    except (KeyError, ValueError):
        accuracy = None
    tag = tags.get("sha256", "").strip().lower()
    sha256 = tag if _is_sha256(tag) else None
    run_id = found.get("run_id") or None
    return Version(found["name"], str(found["version"]), run_id, accuracy, sha256)


def _too_large() -> TooLargeError:
    return TooLargeError(f"its file has more than {MAX_BYTES // 1024**2} MB")


def _first_line(message: object) -> str:
    return (str(message).strip().splitlines() or [type(message).__name__])[0].rstrip(".")[:300]
