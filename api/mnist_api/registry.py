"""The model registry, the only module that knows MLflow.

It asks over MLflow's REST API: importing its client costs each start a second and each worker
45 MB, to send two GET requests. The client is imported where files are not behind the server.
"""

import json
import os
import tempfile
from http.client import HTTPException
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.parse import quote, urlencode
from urllib.request import urlopen

from mnist_api.version import Version

FILE = "extra_files/model.onnx"  # inside a version's files
STAGE = "Production"
PROXIED = "mlflow-artifacts:/"  # files that the tracking server hands out itself
NOTHING_THERE = ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE")  # no such model; no alias
TIMEOUT = 5.0  # seconds; the next question comes soon anyway
CLIENT_SETTINGS = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "5",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
}


class RegistryError(Exception):
    """The registry can't be reached, or doesn't give what it should."""


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
        """Return the ONNX file of ``version``. Raises RegistryError."""
        place = self._place(version)
        if not place.startswith(PROXIED):
            return self._fetch_with_client(version)
        path = quote(f"{place.removeprefix(PROXIED).strip('/')}/{FILE}")
        return self._get(f"{self._uri}/api/2.0/mlflow-artifacts/artifacts/{path}")

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
        os.environ.update(CLIENT_SETTINGS)
        import mlflow
        from mlflow.artifacts import download_artifacts

        mlflow.set_tracking_uri(self._uri)
        mlflow.set_registry_uri(self._uri)
        uri = f"models:/{version.name}/{version.version}/{FILE}"
        try:
            with tempfile.TemporaryDirectory(prefix="mnist-api-") as folder:
                return Path(download_artifacts(uri, dst_path=folder)).read_bytes()
        except Exception as error:  # its own, those of requests and of every store come through
            raise RegistryError(f"{uri} can't be fetched: {_first_line(error)}") from error

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

    def _get(self, url: str) -> bytes:
        """Return what is at ``url``. Raises RegistryError, NothingThereError."""
        try:
            with urlopen(url, timeout=TIMEOUT) as answer:  # noqa: S310 # settings allow http(s) alone
                content: bytes = answer.read()
                return content
        except HTTPError as error:
            with error:
                said = error.read(10_000)
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


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")[:300]
