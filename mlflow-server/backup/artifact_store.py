"""The artifact store: a folder, or a bucket on an S3 server."""

# mypy: disable-error-code="import-untyped,no-untyped-call"
# boto3 and MLflow have few type hints.

import os
import shutil
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO, Protocol
from urllib.parse import urlsplit

from boto3.s3.transfer import TransferConfig
from mlflow.store.artifact.s3_artifact_repo import _get_s3_client
from mlflow.utils.file_utils import local_file_uri_to_path

from backup import BackupError

UPLOADING = ".artifact.uploading."  # MLflow's prefix of files that are not complete


class ArtifactStore(Protocol):
    """Files by their paths, with / between their parts."""

    def list(self, folder: str) -> Iterator[str]:
        """Yield the paths of all files below ``folder``."""

    def open(self, path: str) -> tuple[BinaryIO, int] | None:
        """Return a file's content and size in bytes, None if there is no such file."""

    def write(self, path: str, content: BinaryIO) -> None:
        """Store a file, in place of one that is there."""

    def delete(self, path: str) -> None:
        """Delete a file."""

    def free_bytes(self) -> int | None:
        """Return how much can be stored, None if that is not known."""


def open_store(destination: str) -> ArtifactStore:
    """Return the store that ARTIFACTS_DESTINATION names. Raises BackupError."""
    match urlsplit(destination).scheme:
        case "" | "file":
            return FolderStore(Path(local_file_uri_to_path(destination)))  # as the server does
        case "s3":
            return S3Store(destination)
        case other:
            raise BackupError(
                f"ARTIFACTS_DESTINATION is {other}://; a backup works with a folder and with s3://."
            )


class FolderStore:
    """Files below a folder."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def list(self, folder: str) -> Iterator[str]:
        """Yield the paths of all files below ``folder``."""
        for parent, folders, files in os.walk(self._root / folder):
            folders.sort()
            for name in sorted(files):
                path = Path(parent, name)
                if not name.startswith(UPLOADING) and path.is_file() and not path.is_symlink():
                    yield path.relative_to(self._root).as_posix()

    def open(self, path: str) -> tuple[BinaryIO, int] | None:
        """Return a file's content and size in bytes, None if there is no such file."""
        try:
            content = (self._root / path).open("rb")
        except FileNotFoundError:
            return None
        return content, os.fstat(content.fileno()).st_size

    def write(self, path: str, content: BinaryIO) -> None:
        """Store a file, in place of one that is there."""
        target = self._root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        aside = target.with_name(f"{UPLOADING}restore")
        try:
            with aside.open("wb") as file:
                shutil.copyfileobj(content, file)
            aside.replace(target)
        finally:
            aside.unlink(missing_ok=True)

    def delete(self, path: str) -> None:
        """Delete a file, and the folders that it leaves empty."""
        target = self._root / path
        target.unlink(missing_ok=True)
        with suppress(OSError):  # a folder that is not empty
            while (target := target.parent) != self._root:
                target.rmdir()

    def free_bytes(self) -> int | None:
        """Return how much can be stored."""
        self._root.mkdir(parents=True, exist_ok=True)
        return shutil.disk_usage(self._root).free


class S3Store:
    """Objects in a bucket, below a prefix if there is one."""

    def __init__(self, destination: str) -> None:
        self._client: Any = _get_s3_client()  # as the server's: with all of MLflow's settings
        self._in_order = TransferConfig(use_threads=False)  # a stream has one reader
        self._bucket = urlsplit(destination).netloc
        prefix = urlsplit(destination).path.strip("/")
        self._prefix = f"{prefix}/" if prefix else ""

    def list(self, folder: str) -> Iterator[str]:
        """Yield the paths of all objects below ``folder``."""
        pages = self._client.get_paginator("list_objects_v2")
        prefix = f"{self._prefix}{folder}/" if folder else self._prefix
        for page in pages.paginate(Bucket=self._bucket, Prefix=prefix):
            for found in page.get("Contents", ()):
                yield found["Key"].removeprefix(self._prefix)

    def open(self, path: str) -> tuple[BinaryIO, int] | None:
        """Return an object's content and size in bytes, None if there is no such object."""
        try:
            found = self._client.get_object(Bucket=self._bucket, Key=self._prefix + path)
        except self._client.exceptions.NoSuchKey:
            return None
        return found["Body"], found["ContentLength"]

    def write(self, path: str, content: BinaryIO) -> None:
        """Store an object, in place of one that is there."""
        self._client.upload_fileobj(
            content, self._bucket, self._prefix + path, Config=self._in_order
        )

    def delete(self, path: str) -> None:
        """Delete an object."""
        self._client.delete_object(Bucket=self._bucket, Key=self._prefix + path)

    def free_bytes(self) -> int | None:
        """Return None: an S3 server does not tell."""
        return None
