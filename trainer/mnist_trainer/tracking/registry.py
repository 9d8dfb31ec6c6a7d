"""MLflow's registry: the versions of the registered model, and the alias of the desired one."""

import re
import time
from pathlib import Path

from mlflow import MlflowClient
from mlflow.artifacts import download_artifacts
from mlflow.entities.model_registry import ModelVersion
from mlflow.exceptions import MlflowException

from mnist_trainer.tracking.health import translate_errors
from mnist_trainer.tracking.version import Version, VersionError, compute_digest

STAGE = "Production"  # counts where no version has the alias, for people who still use stages
ONNX_FILE = "extra_files/model.onnx"


class Registry:
    """The versions of one registered model. Every method may raise ServerError.

    The desired version is the one with the alias; the API makes it the active one. The tags of a
    promotion: `promoted_over`, the version that was replaced; `promoted_at`, in seconds since 1970;
    `promotion`, "begun" or "done", with " by hand" where no gate decided; `promotion_base`, the
    champion or "none" when it began. Rolling back sets `rolled_back_at` on what is replaced.
    """

    def __init__(self, uri: str, name: str, alias: str) -> None:
        self.uri, self.name, self.alias = uri, name, alias
        self._client = MlflowClient(tracking_uri=uri, registry_uri=uri)

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
        with translate_errors(self.uri):
            try:
                aliases = self._client.get_registered_model(self.name).aliases
            except MlflowException as error:
                if error.error_code == "RESOURCE_DOES_NOT_EXIST":
                    return {}
                raise
        return {alias: int(number) for alias, number in aliases.items()}

    def desired_version(self) -> Version | None:
        """Return the version with the alias, else the newest one in the stage, as the API does."""
        number = self.aliases().get(self.alias)
        if number is not None:
            return self.find(number)
        return next((each for each in self.versions() if each.stage == STAGE), None)

    def find(self, number: int) -> Version:
        """Return version ``number``; raises VersionError where there is none."""
        with translate_errors(self.uri):
            try:
                return _read(self._client.get_model_version(self.name, str(number)))
            except MlflowException as error:
                if error.error_code != "RESOURCE_DOES_NOT_EXIST":
                    raise
        raise VersionError(
            f"There is no version {number} of {self.name}; the command `versions` lists them."
        )

    def register(self, model_id: str, run_id: str, tags: dict[str, str]) -> Version:
        """Register the logged model ``model_id`` as the newest version; no alias moves."""
        with translate_errors(self.uri):
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

    def set_tag(self, version: Version, key: str, value: str) -> None:
        """Set a tag of a version."""
        with translate_errors(self.uri):
            self._client.set_model_version_tag(self.name, str(version.number), key, value)

    def set_description(self, text: str, version: Version | None = None) -> None:
        """Set the description of a version, or of the model, Markdown."""
        with translate_errors(self.uri):
            if version is None:
                self._client.update_registered_model(self.name, text)
            else:
                self._client.update_model_version(self.name, str(version.number), text)

    def promote(self, version: Version, over: Version | None, by_hand: bool = True) -> bool:
        """Set the tags of a promotion, then move the alias from ``over`` to ``version``.

        By the gate, only if ``over`` is still the desired version when the tags are set; returns
        whether the alias has moved. `end_promotion` or `withdraw_promotion` is to follow.
        """
        by = " by hand" if by_hand else ""
        self._begin_promotion(version, over, f"begun{by}")
        if not by_hand:
            desired = self.desired_version()
            if (desired and desired.number) != (over and over.number):
                self.withdraw_promotion(version)
                return False
        self.move_alias(version)
        if by_hand:
            self.set_tag(version, "promotion", f"done{by}")
        return True

    def end_promotion(self, version: Version, over: int | None = None) -> None:
        """Mark the promotion of ``version`` as done, over version ``over`` if that is given."""
        if over is not None:
            self.set_tag(version, "promoted_over", str(over))
        self.set_tag(version, "promotion", "done")

    def withdraw_promotion(self, version: Version) -> None:
        """Remove the tags of a promotion that did not take place."""
        tags = ("promotion_base", "promoted_at", "promoted_over", "promotion")
        self._delete_tags(version, *tags)

    def move_alias(self, version: Version) -> None:
        """Give ``version`` the alias."""
        with translate_errors(self.uri):
            self._client.set_registered_model_alias(self.name, self.alias, str(version.number))

    def roll_back(self, current: Version | None, target: Version) -> None:
        """Move the alias from ``current``, if any, back to ``target``, as the last step."""
        if current:
            self.set_tag(current, "rolled_back_at", f"{time.time():.3f}")
        self.move_alias(target)

    def download_onnx(self, version: Version, folder: Path) -> Path:
        """Download a version's ONNX file; raises VersionError where its SHA-256 differs."""
        with translate_errors(self.uri):
            source = self._client.get_model_version_download_uri(self.name, str(version.number))
            address = f"{source}/{ONNX_FILE}"  # an address with the name would need another escape
            file = Path(download_artifacts(address, dst_path=str(folder), tracking_uri=self.uri))
        if compute_digest(file) != version.tags.get("sha256"):
            raise VersionError(f"model.onnx of version {version.number} is not what was registered")
        return file

    def _begin_promotion(self, version: Version, over: Version | None, state: str) -> None:
        self.set_tag(version, "promotion", state)
        if over is None:
            self._delete_tags(version, "promoted_over")
        else:
            self.set_tag(version, "promoted_over", str(over.number))
            if "rolled_back_at" in over.tags:  # its alias was set by hand since
                self._delete_tags(over, "rolled_back_at")
        self._delete_tags(version, "rolled_back_at")
        self.set_tag(version, "promoted_at", f"{time.time():.3f}")
        self.set_tag(version, "promotion_base", str(over.number) if over else "none")

    def _search(self, condition: str) -> list[Version]:
        """Return the versions of this model that fulfil a condition, of all pages."""
        found: list[ModelVersion] = []
        token = None
        with translate_errors(self.uri):
            while True:
                page = self._client.search_model_versions(condition, page_token=token)
                found += page
                token = page.token
                if not token:
                    return [_read(each) for each in found if each.name == self.name]

    def _delete_tags(self, version: Version, *keys: str) -> None:
        """Delete tags, which the version need not have."""
        with translate_errors(self.uri):
            for key in keys:
                self._client.delete_model_version_tag(self.name, str(version.number), key)


def _read(version: ModelVersion) -> Version:
    created_at = version.creation_timestamp / 1000
    stage = version.current_stage or "None"
    return Version(int(version.version), dict(version.tags), created_at, stage)
