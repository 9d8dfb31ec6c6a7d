"""The model registry, the only module that knows MLflow.

It asks over MLflow's REST API: importing its client costs each start a second and each worker
45 MB, to send two GET requests. Where files are not behind the server a process of its own has it.
"""

import json
import os
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
PROXIED = "mlflow-artifacts:/"  # files that the tracking server hands out itself
NOTHING_THERE = ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE")  # no such model; no alias
QUESTION_SECONDS = 15.0  # for an answer; the next question comes soon anyway
FILE_SECONDS = 60.0
MOST_BYTES = 32 * 1024**2  # of a file or an answer; 784-2048-1024-512-10 has 17 MB


class RegistryError(Exception):
    """The registry can't be reached, or doesn't give what it should."""


class TooLargeError(RegistryError):
    """A file has more bytes than a model may have."""


class NothingThereError(RegistryError):
    """The registry answers that there is no such thing."""


class Registry:
    """The versions of one registered model."""

    def __init__(self, uri: str, name: str, alias: str) -> None:
        self._uri = uri
        self._name = name
        self._alias = alias

    def find(self) -> Version | None:
        """Return the version to serve: the alias's, else the stage's newest, else None.

        Raises RegistryError.
        """
        try:
            found = self._ask("registered-models/alias", name=self._name, alias=self._alias)
            return _describe(found["model_version"])
        except NothingThereError:
            staged = [one for one in self._versions() if one.get("current_stage") == STAGE]
            return _describe(max(staged, key=lambda one: int(one["version"]))) if staged else None

    def fetch(self, version: Version) -> bytes:
        """Return the ONNX file of ``version``. Raises RegistryError, TooLargeError."""
        place = self._place(version)
        if not place.startswith(PROXIED):
            return self._fetch_with_client(version)
        path = quote(f"{place.removeprefix(PROXIED).strip('/')}/{FILE}")
        return self._get(f"{self._uri}/api/2.0/mlflow-artifacts/artifacts/{path}", FILE_SECONDS)

    def _versions(self) -> list[dict[str, Any]]:
        """Return all versions of the model."""
        name = self._name.replace("'", "''")
        asked = {"filter": f"name = '{name}'"}
        versions: list[dict[str, Any]] = []
        while True:
            page = self._ask("model-versions/search", **asked)
            versions += page.get("model_versions", [])
            if not page.get("next_page_token"):
                return versions
            asked["page_token"] = page["next_page_token"]

    def _place(self, version: Version) -> str:
        """Return the address of the version's files; a logged model's is in the model itself."""
        place: str = self._ask(
            "model-versions/get-download-uri", name=version.name, version=version.version
        )["artifact_uri"]
        if place.startswith("models:/m-"):
            model = quote(place.removeprefix("models:/"), safe="")
            place = self._ask(f"logged-models/{model}")["model"]["info"]["artifact_uri"]
        return place

    def _fetch_with_client(self, version: Version) -> bytes:
        uri = f"models:/{version.name}/{version.version}/{FILE}"
        with tempfile.TemporaryDirectory(prefix="mnist-api-") as folder:
            arguments = [self._uri, uri, folder, str(MOST_BYTES)]
            try:
                ended = run_child(
                    "registry.client_download", arguments, os.environ, b"", FILE_SECONDS
                )
            except (OSError, subprocess.TimeoutExpired) as error:
                raise RegistryError(f"{uri} can't be fetched: {_first_line(error)}") from error
            file = Path(folder) / FILE
            if file.is_file() and file.stat().st_size > MOST_BYTES:
                raise _too_large()
            if ended.returncode != 0 or not file.is_file():
                said = ended.stdout.decode(errors="replace")
                raise RegistryError(f"{uri} can't be fetched: {_first_line(said)}")
            return file.read_bytes()

    def _ask(self, what: str, **parameters: str) -> dict[str, Any]:
        query = f"?{urlencode(parameters)}" if parameters else ""
        answer = self._get(f"{self._uri}/api/2.0/mlflow/{what}{query}")
        try:
            found = json.loads(answer)
        except ValueError as error:
            raise RegistryError(f"{self._uri} does not answer as MLflow does") from error
        if not isinstance(found, dict):
            raise RegistryError(f"{self._uri} does not answer as MLflow does")
        return found

    def _get(self, url: str, seconds: float = QUESTION_SECONDS) -> bytes:
        """Return what is at ``url``. Raises RegistryError, NothingThereError, TooLargeError."""
        try:
            return read_url(url, MOST_BYTES, seconds)
        except TooManyBytesError as error:
            raise _too_large() from error
        except HTTPError as error:
            with error:
                said = error.read1(10_000)  # once: it might come in drops
            if any(code.encode() in said for code in NOTHING_THERE):
                raise NothingThereError(f"{url} is not there") from error
            raise RegistryError(f"{url} answers {error.code} {error.reason}") from error
        except (OSError, HTTPException) as error:
            raise RegistryError(f"{self._uri} does not answer: {_first_line(error)}") from error


def _describe(found: dict[str, Any]) -> Version:
    tags = {tag["key"]: tag.get("value", "") for tag in found.get("tags", [])}
    try:
        accuracy = float(tags["test_accuracy"])
    except (KeyError, ValueError):
        accuracy = None
    digest = tags.get("sha256", "").strip().lower() or None
    run_id = found.get("run_id") or None
    return Version(found["name"], str(found["version"]), run_id, accuracy, digest)


def _too_large() -> TooLargeError:
    return TooLargeError(f"its file has more than {MOST_BYTES // 1024**2} MB")


def _first_line(said: object) -> str:
    return (str(said).strip().splitlines() or [type(said).__name__])[0].rstrip(".")[:300]
