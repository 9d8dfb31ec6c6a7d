"""Where inputs and outputs are: paths of this machine, or s3://bucket/prefix."""

import os
import re
import time
from functools import lru_cache
from http import HTTPStatus
from typing import Any, NamedTuple

from pyarrow.fs import FileInfo, FileSelector, FileSystem, FileType, LocalFileSystem

from mnist_score.errors import ScoreError

SCHEME = "s3://"
ENDPOINT = re.compile(r"(?P<scheme>https?)://(?P<host>[^/@\s]+)/?")
DEFAULT_REGION = "us-east-1"  # which stores other than Amazon's take, too
CONNECT_SECONDS, REQUEST_SECONDS = 10, 60


class Location(NamedTuple):
    """A file or a folder; ``path`` is what ``files`` calls it."""

    files: FileSystem
    path: str

    @property
    def uri(self) -> str:
        """Return its absolute path, or its address."""
        return self.path if self.is_local else f"{SCHEME}{self.path}"

    @property
    def is_local(self) -> bool:
        """Return whether it is a path of this machine."""
        return isinstance(self.files, LocalFileSystem)

    @property
    def target(self) -> str:
        """Return its address without links: all names of a file have the same."""
        if not self.is_local:
            return self.uri
        if os.path.islink(self.path):
            return os.path.realpath(self.path)
        folder, name = os.path.split(self.path)
        return os.path.join(_resolve(folder), name)

    def find(self) -> FileInfo:
        """Return what is there. Raises OSError."""
        return self.files.get_file_info(self.path)

    def list(self, recursive: bool = False) -> list[FileInfo]:
        """Return the files of a folder, sorted by path; none if it does not exist.

        Raises OSError, ScoreError.
        """
        selector = FileSelector(self.path, allow_not_found=True, recursive=recursive)
        try:
            found = self.files.get_file_info(selector)
            files = [one for one in found if one.type == FileType.File]
            return sorted(files, key=lambda one: one.path)
        except UnicodeDecodeError as error:
            name = error.object.decode(errors="backslashreplace")
            raise ScoreError(f"{self.uri} holds {name}, which is not UTF-8: rename it.") from error

    def join(self, name: str) -> "Location":
        """Return the location ``name`` in a folder."""
        return Location(self.files, f"{self.path}/{name}")

    def read(self, most: int | None = None) -> bytes:
        """Return a file's content, of which at most ``most`` bytes. Raises OSError."""
        with self.files.open_input_stream(self.path) as stream:
            content: bytes = stream.read(most)
        return content

    def create(self, content: bytes) -> None:
        """Write an object of S3, unless there is one of that name. Raises OSError."""
        from botocore.config import Config
        from botocore.exceptions import BotoCoreError, ClientError
        from botocore.session import get_session  # Arrow has no conditional writes

        bucket, _, key = self.path.partition("/")
        config = Config(
            connect_timeout=CONNECT_SECONDS,
            read_timeout=REQUEST_SECONDS,
            proxies={},  # as Arrow uses none
        )
        try:
            client = get_session().create_client("s3", _find_region(), config=config)
            while not _put_new(client, Bucket=bucket, Key=key, Body=content):
                time.sleep(1)
        except (BotoCoreError, ClientError) as error:
            raise OSError(str(error)) from error


def open_location(text: str) -> Location:
    """Return the location that ``text`` names. Raises ScoreError."""
    if not text:
        raise ScoreError("An input or the output is empty: name a path, or s3://BUCKET/PREFIX.")
    if any(0xDC80 <= ord(one) <= 0xDCFF for one in text):  # what Python reads other bytes as
        raise ScoreError(f"{text!a} is not UTF-8: rename it.")
    if not text.startswith(SCHEME):
        if "://" in text:
            raise ScoreError(f"{text!r} is neither a path nor s3://BUCKET/PREFIX.")
        return Location(LocalFileSystem(), os.path.abspath(text))
    path = text.removeprefix(SCHEME).strip("/")
    if "@" in path.split("/")[0]:
        raise ScoreError(
            "An address has no key in it: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY."
        )
    if not path:
        raise ScoreError(f"{text!r} names no bucket: write s3://BUCKET/PREFIX.")
    return Location(_connect(), path)


@lru_cache(1000)
def _resolve(folder: str) -> str:
    return os.path.realpath(folder)


def _connect() -> FileSystem:
    """Return the store of AWS_ENDPOINT_URL, else Amazon's; keys are found as its clients do."""
    from pyarrow.fs import S3FileSystem

    url = os.environ.get("AWS_ENDPOINT_URL") or None
    endpoint = ENDPOINT.fullmatch(url) if url else None
    if url and not endpoint:
        raise ScoreError("AWS_ENDPOINT_URL is no address of a store: write http://HOST:PORT.")
    return S3FileSystem(
        endpoint_override=endpoint["host"] if endpoint else None,
        scheme=endpoint["scheme"] if endpoint else "https",
        region=_find_region(),
        connect_timeout=CONNECT_SECONDS,
        request_timeout=REQUEST_SECONDS,
        allow_delayed_open=True,  # a part is one put: of a killed process no upload is left
    )


def _find_region() -> str:
    environ = os.environ
    return environ.get("AWS_REGION") or environ.get("AWS_DEFAULT_REGION") or DEFAULT_REGION


def _put_new(client: Any, **object_: Any) -> bool:
    """Put an object if there is none; return False while another process is doing that."""
    try:
        client.put_object(IfNoneMatch="*", **object_)
    except client.exceptions.ClientError as error:
        status = error.response["ResponseMetadata"]["HTTPStatusCode"]
        if status not in (HTTPStatus.PRECONDITION_FAILED, HTTPStatus.CONFLICT):
            raise
        return bool(status == HTTPStatus.PRECONDITION_FAILED)
    return True
