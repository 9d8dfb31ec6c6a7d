"""A registered model as it stands in MLflow's registry: its versions, its alias, its history."""

import re
from pathlib import Path

from mlflow import MlflowClient
from mlflow.artifacts import download_artifacts
from mlflow.entities.model_registry import ModelVersion, RegisteredModel
from mlflow.exceptions import MlflowException

from mnist_trainer.tracking.health import translate_errors
from mnist_trainer.tracking.history import History, read_history
from mnist_trainer.tracking.version import Version, VersionError, compute_digest

STAGE = "Production"  # counts where no version has the alias, for people who still use stages
ONNX_FILE = "extra_files/model.onnx"


class ModelReader:
    """Reads one registered model. Every method may raise ServerError.

    The desired version is the one with the alias; the API makes it the active one.
    """

    def __init__(self, uri: str, name: str, alias: str) -> None:
        self.uri, self.name, self.alias = uri, name, alias
        self.client = MlflowClient(tracking_uri=uri, registry_uri=uri)

    def versions(self) -> list[Version]:
        """Return all versions, the newest first."""
        # MLflow reads no escapes: a filter cannot hold a name with both kinds of quotation marks
        pattern = re.sub(r"[^\w .-]+", "%", self.name, flags=re.ASCII)
        return sorted(self._search(f"name LIKE '{pattern}'"), key=lambda each: -each.number)

    def find_by_run(self, run_id: str) -> Version | None:
        """Return the newest version of run ``run_id``, None where there is none."""
        found = self._search(f"run_id = '{run_id}'")
        return max(found, key=lambda each: each.number, default=None)

    def was_promoted(self, version: Version) -> bool:
        """Return whether ``version`` is the desired one now, or was before."""
        current = self.desired_version()
        if (current and current.number == version.number) or "rolled_back_at" in version.tags:
            return True
        number = str(version.number)
        return any(each.tags.get("promoted_over") == number for each in self.versions())

    def aliases(self) -> dict[str, int]:
        """Return the numbers of the versions that have an alias, by alias."""
        model = self._find_model()
        return {alias: int(number) for alias, number in model.aliases.items()} if model else {}

    def history(self) -> History:
        """Return the history of the alias, and which version is desired at the same time."""
        model = self._find_model()
        tags = model.tags if model else {}
        return read_history(tags, self.alias, self._find_desired(model))

    def desired_version(self) -> Version | None:
        """Return the version with the alias, else the newest one in the stage, as the API does."""
        number = self._find_desired(self._find_model())
        return None if number is None else self.find(number)

    def is_desired(self, number: int | None) -> bool:
        """Return whether version ``number`` is the desired one; None: whether there is none."""
        return self._find_desired(self._find_model()) == number

    def find(self, number: int) -> Version:
        """Return version ``number``; raises VersionError where there is none."""
        with translate_errors(self.uri):
            try:
                return read_version(self.client.get_model_version(self.name, str(number)))
            except MlflowException as error:
                if error.error_code != "RESOURCE_DOES_NOT_EXIST":
                    raise
        raise VersionError(
            f"There is no version {number} of {self.name}; the command `versions` lists them."
        )

    def download_onnx(self, version: Version, folder: Path) -> Path:
        """Download a version's ONNX file; raises VersionError where its SHA-256 differs."""
        with translate_errors(self.uri):
            source = self.client.get_model_version_download_uri(self.name, str(version.number))
            address = f"{source}/{ONNX_FILE}"  # an address with the name would need another escape
            file = Path(download_artifacts(address, dst_path=str(folder), tracking_uri=self.uri))
        if compute_digest(file) != version.tags.get("sha256"):
            raise VersionError(f"model.onnx of version {version.number} is not what was registered")
        return file

    def _find_model(self) -> RegisteredModel | None:
        with translate_errors(self.uri):
            try:
                return self.client.get_registered_model(self.name)
            except MlflowException as error:
                if error.error_code == "RESOURCE_DOES_NOT_EXIST":
                    return None
                raise

    def _find_desired(self, model: RegisteredModel | None) -> int | None:
        if model and self.alias in model.aliases:
            return int(model.aliases[self.alias])
        return next((each.number for each in self.versions() if each.stage == STAGE), None)

    def _search(self, condition: str) -> list[Version]:
        """Return the versions of this model that fulfil a condition, of all pages."""
        found: list[ModelVersion] = []
        token = None
        with translate_errors(self.uri):
            while True:
                page = self.client.search_model_versions(condition, page_token=token)
                found += page
                token = page.token
                if not token:
                    return [read_version(each) for each in found if each.name == self.name]


def read_version(version: ModelVersion) -> Version:
    """Return a version as MLflow describes it."""
    created_at = version.creation_timestamp / 1000
    stage = version.current_stage or "None"
    return Version(int(version.version), dict(version.tags), created_at, stage)
