"""A registered model on a tracking server, whose versions are registered as by the trainer."""

import hashlib
import uuid
from pathlib import Path

from support.servers.relay import Relay
from support.servers.tracking import TrackingServer


class RegisteredModel:
    """A model of its own name, behind a relay that can be cut."""

    def __init__(self, server: TrackingServer, folder: Path) -> None:
        from mlflow import MlflowClient

        self.name = f"digits-{uuid.uuid4().hex[:8]}"
        self.relay = Relay(server.port)
        self.score: bytes | None = None  # of the versions that are registered from now on
        self.score_sha256 = ""  # their tag; "" for the actual one
        self.reference: bytes | None = None  # as above
        self._folder = folder
        self._log = server.log
        self._from = server.log.stat().st_size
        self.client = MlflowClient(server.url, server.url)
        self.client.create_registered_model(self.name)

    def settings(self) -> dict[str, str]:
        return {
            "MLFLOW_TRACKING_URI": f"http://127.0.0.1:{self.relay.port}",
            "MODEL_NAME": self.name,
            "MODEL_POLL_SECONDS": "0.5",
        }

    def register(
        self,
        content: bytes | None,
        sha256: str | None = "",
        promote: bool = True,
        experiment: str = "0",
    ) -> str:
        """Register ``content`` as a version; return its number. "" means its actual sha256."""
        client = self.client
        run = client.create_run(experiment)
        model = client.create_logged_model(experiment, source_run_id=run.info.run_id)
        if content is not None:
            files = self._folder / uuid.uuid4().hex / "extra_files"
            files.mkdir(parents=True)
            (files / "model.onnx").write_bytes(content)
            if self.score is not None:
                (files / "digit_score.npz").write_bytes(self.score)
            if self.reference is not None:
                (files / "drift_reference.json").write_bytes(self.reference)
            client.log_model_artifacts(model.model_id, str(files.parent))
        client.finalize_logged_model(model.model_id, "READY")
        tags = {"test_accuracy": "0.98", "gate": "passed"}
        if sha256 is not None:
            tags["sha256"] = sha256 or hashlib.sha256(content or b"").hexdigest()
        if self.score is not None:
            tags["digit_score_sha256"] = self.score_sha256 or hashlib.sha256(self.score).hexdigest()
        if self.reference is not None:
            tags["drift_reference_sha256"] = hashlib.sha256(self.reference).hexdigest()
        version = client.create_model_version(
            self.name,
            f"models:/{model.model_id}",
            run.info.run_id,
            tags=tags,
            model_id=model.model_id,
        ).version
        if promote:
            self.promote(version)
        return str(version)

    def promote(self, version: str) -> None:
        self.client.set_registered_model_alias(self.name, "Production", version)

    def downloads(self) -> int:
        """Return how often a model file was downloaded since the start of the test."""
        lines = self._log.read_bytes()[self._from :].splitlines()
        return sum(b"GET" in line and b"extra_files/model.onnx HTTP" in line for line in lines)
