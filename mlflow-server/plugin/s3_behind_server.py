"""S3 that the tracking server reaches and its clients do not.

MLflow tells clients to fetch files from presigned addresses whenever its store can make them, and
has no setting against it; http://minio:9000 means nothing outside the server's network, and a
client tries for minutes. This store cannot make them, so that files pass through the server.
It takes the place of MLflow's own for s3:// by the entry point in the folder beside it.
"""

# mypy: disable-error-code="import-not-found,misc,no-untyped-call"
# MLflow types little of what is called here, and is not installed where all folders are checked.

from mlflow.entities import FileInfo
from mlflow.store.artifact.artifact_repo import ArtifactRepository
from mlflow.store.artifact.s3_artifact_repo import S3ArtifactRepository


class S3BehindServer(ArtifactRepository):
    """MLflow's S3 store, held and not inherited from: MLflow asks for capabilities by class."""

    def __init__(
        self, artifact_uri: str, tracking_uri: str | None = None, registry_uri: str | None = None
    ) -> None:
        super().__init__(artifact_uri, tracking_uri, registry_uri)
        self._s3 = S3ArtifactRepository(artifact_uri)

    def log_artifact(self, local_file: str, artifact_path: str | None = None) -> None:
        """Store one file."""
        self._s3.log_artifact(local_file, artifact_path)

    def log_artifacts(self, local_dir: str, artifact_path: str | None = None) -> None:
        """Store a folder."""
        self._s3.log_artifacts(local_dir, artifact_path)

    def list_artifacts(self, path: str | None = None) -> list[FileInfo]:
        """List what lies directly under ``path``."""
        found: list[FileInfo] = self._s3.list_artifacts(path)
        return found

    def delete_artifacts(self, artifact_path: str | None = None) -> None:
        """Delete a file or a folder."""
        self._s3.delete_artifacts(artifact_path)

    def _download_file(self, remote_file_path: str, local_path: str) -> None:
        self._s3._download_file(remote_file_path, local_path)
