"""The registry: the versions of the model, and the alias that says which one is in service."""

import hashlib
import time
from dataclasses import dataclass
from pathlib import Path

from mlflow import MlflowClient
from mlflow.artifacts import download_artifacts
from mlflow.entities.model_registry import ModelVersion
from mlflow.exceptions import MlflowException

from mnist_trainer.errors import TrainerError
from mnist_trainer.tracking.health import clear_errors

ONNX_FILE = "extra_files/model.onnx"


class VersionError(TrainerError):
    """A version is unknown, cannot be chosen, or is not what its tags say."""


@dataclass(frozen=True)
class Version:
    """One version of the model; ``made`` is in seconds since 1970."""

    number: int
    tags: dict[str, str]
    made: float


class Registry:
    """The versions of one model on one server. Every method may raise ServerError.

    Promoting leaves two tags on the version that goes into service: `promoted_over`, the version
    it replaces, and `promoted_at`, in seconds since 1970. Rolling back leaves `rolled_back_at` on
    the version that goes out.
    """

    def __init__(self, uri: str, name: str, alias: str) -> None:
        self.uri, self.name, self.alias = uri, name, alias
        self._client = MlflowClient(tracking_uri=uri, registry_uri=uri)

    def versions(self) -> list[Version]:
        """Return all versions, the newest first."""
        found: list[ModelVersion] = []
        token = None
        with clear_errors(self.uri):
            while True:
                page = self._client.search_model_versions(f"name='{self.name}'", page_token=token)
                found += page
                token = page.token
                if not token:
                    break
        return sorted(map(_read, found), key=lambda each: -each.number)

    def find_by_run(self, run_id: str) -> Version | None:
        """Return the newest version that run ``run_id`` made, None where it made none."""
        with clear_errors(self.uri):
            made = self._client.search_model_versions(f"name='{self.name}' and run_id='{run_id}'")
        return max(map(_read, made), key=lambda each: each.number, default=None)

    def has_served(self, version: Version) -> bool:
        """Tell whether ``version`` is in service, or was and has been replaced since."""
        current = self.in_service()
        if (current and current.number == version.number) or "rolled_back_at" in version.tags:
            return True
        number = str(version.number)
        return any(each.tags.get("promoted_over") == number for each in self.versions())

    def in_service(self) -> Version | None:
        """Return the version that bears the alias, None where none does."""
        with clear_errors(self.uri):
            try:
                aliases = self._client.get_registered_model(self.name).aliases
            except MlflowException as error:
                if error.error_code == "RESOURCE_DOES_NOT_EXIST":
                    return None
                raise
        number = aliases.get(self.alias)
        return None if number is None else self.find(int(number))

    def find(self, number: int) -> Version:
        """Return version ``number``; raises VersionError where there is none."""
        with clear_errors(self.uri):
            try:
                return _read(self._client.get_model_version(self.name, str(number)))
            except MlflowException as error:
                if error.error_code != "RESOURCE_DOES_NOT_EXIST":
                    raise
        raise VersionError(
            f"There is no version {number} of {self.name}; the command `versions` lists them."
        )

    def register(self, model_id: str, run_id: str, tags: dict[str, str]) -> Version:
        """Make the logged model ``model_id`` the newest version; no alias moves."""
        with clear_errors(self.uri):
            try:
                self._client.create_registered_model(self.name)
            except MlflowException as error:
                if error.error_code != "RESOURCE_ALREADY_EXISTS":
                    raise
            source = f"models:/{model_id}"
            return _read(
                self._client.create_model_version(
                    self.name, source, run_id, tags=tags, model_id=model_id
                )
            )

    def tag(self, version: Version, key: str, value: str) -> None:
        """Set a tag of a version."""
        with clear_errors(self.uri):
            self._client.set_model_version_tag(self.name, str(version.number), key, value)

    def describe(self, text: str, version: Version | None = None) -> None:
        """Set the description of a version, or of the model, Markdown."""
        with clear_errors(self.uri):
            if version is None:
                self._client.update_registered_model(self.name, text)
            else:
                self._client.update_model_version(self.name, str(version.number), text)

    def promote(self, version: Version, over: Version | None) -> None:
        """Put ``version`` into service in the place of ``over``; the alias moves last."""
        self.tag(version, "promoted_at", f"{time.time():.3f}")
        if over is None:
            self._untag(version, "promoted_over")
        else:
            self.tag(version, "promoted_over", str(over.number))
            self._untag(over, "rolled_back_at")  # somebody has put it back by hand since
        self._untag(version, "rolled_back_at")
        self._move_alias(version)

    def roll_back(self, current: Version, target: Version) -> None:
        """Put ``target`` into service in the place of ``current``; the alias moves last."""
        self.tag(current, "rolled_back_at", f"{time.time():.3f}")
        self._move_alias(target)

    def fetch_onnx(self, version: Version, folder: Path) -> Path:
        """Download a version's ONNX file; raises VersionError where its SHA-256 is another one."""
        with clear_errors(self.uri):
            address = f"models:/{self.name}/{version.number}/{ONNX_FILE}"
            file = Path(download_artifacts(address, dst_path=str(folder), tracking_uri=self.uri))
        if hashlib.sha256(file.read_bytes()).hexdigest() != version.tags.get("sha256"):
            raise VersionError(f"model.onnx of version {version.number} is not what was registered")
        return file

    def _untag(self, version: Version, key: str) -> None:
        if key in version.tags:
            with clear_errors(self.uri):
                self._client.delete_model_version_tag(self.name, str(version.number), key)

    def _move_alias(self, version: Version) -> None:
        with clear_errors(self.uri):
            self._client.set_registered_model_alias(self.name, self.alias, str(version.number))


def _read(version: ModelVersion) -> Version:
    made = version.creation_timestamp / 1000
    return Version(number=int(version.version), tags=dict(version.tags), made=made)
