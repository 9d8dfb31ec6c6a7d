"""The cache folder: networks that were in service, each under its version.

<cache>/<model's name>/<version>/model.onnx and version.json, in-service.json beside them.
"""

import fcntl
import hashlib
import logging
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar
from urllib.parse import quote

import msgspec

from mnist_api.version import Version

KEPT = 4  # versions, the one in service among them
CONTENT = "model.onnx"
ABOUT = "version.json"

Stored = TypeVar("Stored")

log = logging.getLogger(__name__)


class DamagedError(Exception):
    """A file is not the one that was registered."""


@dataclass(frozen=True)
class InService:
    """The version last in service, and since when, in UTC."""

    version: Version
    since: datetime


class Cache:
    """One model's folder. Writing happens under a lock that the workers share."""

    def __init__(self, root: Path, model_name: str) -> None:
        self._folder = root / quote(model_name, safe="").replace(".", "%2E")
        self._warned = False

    def obtain(self, version: Version, fetch: Callable[[Version], bytes]) -> bytes:
        """Return the file of ``version``, fetched if need be, once for all workers.

        Raises DamagedError, and what ``fetch`` raises.
        """
        if version.sha256 is None:
            raise DamagedError("it has no tag sha256, so its file can't be checked")
        content = self.read(version)
        if content is None:
            with self._lock():
                content = self.read(version)  # another worker may just have fetched it
                if content is None:
                    content = fetch(version)
                    _check(content, version)
                    self._store(version, content)
        return content

    def read(self, version: Version) -> bytes | None:
        """Return the cached file of ``version``, None where it is missing or damaged."""
        try:
            content = (self._folder_of(version) / CONTENT).read_bytes()
            _check(content, version)
        except (OSError, DamagedError):
            return None
        return content

    def in_service(self) -> InService | None:
        """Return what was last in service."""
        return _load(self._folder / "in-service.json", InService)

    def versions(self) -> list[Version]:
        """Return the cached versions, those used last first."""
        found = (_load(folder / ABOUT, Version) for folder in self._folders())
        return [version for version in found if version is not None]

    def remember(self, version: Version) -> datetime:
        """Note that ``version`` is in service; return since when, whichever worker was first."""
        now = datetime.now(UTC)
        with self._lock():
            known = self.in_service()
            if known is not None and known.version == version:
                return known.since
            try:
                _write(
                    self._folder / "in-service.json", msgspec.json.encode(InService(version, now))
                )
                if self._folder_of(version).is_dir():
                    os.utime(self._folder_of(version))
                self._prune(version)
            except OSError as error:
                self._warn(error)
        return now

    def _store(self, version: Version, content: bytes) -> None:
        folder = self._folder_of(version)
        try:
            folder.mkdir(parents=True, exist_ok=True)
            _write(folder / CONTENT, content)
            _write(folder / ABOUT, msgspec.json.encode(version))
        except OSError as error:
            self._warn(error)

    def _prune(self, in_service: Version) -> None:
        kept = self._folder_of(in_service)
        others = [folder for folder in self._folders() if folder != kept]
        for folder in others[KEPT - 1 :]:
            shutil.rmtree(folder)

    def _folders(self) -> list[Path]:
        """Return the versions' folders, those used last first."""
        try:
            folders = [path for path in self._folder.iterdir() if path.is_dir()]
            return sorted(folders, key=lambda path: path.stat().st_mtime, reverse=True)
        except OSError:
            return []

    def _folder_of(self, version: Version) -> Path:
        return self._folder / quote(version.version, safe="").replace(".", "%2E")

    @contextmanager
    def _lock(self) -> Iterator[None]:
        """Hold the lock; where the folder can't be written there is nothing to guard."""
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            guard = (self._folder / ".lock").open("w")
        except OSError as error:
            self._warn(error)
            yield
            return
        with guard:
            fcntl.flock(guard, fcntl.LOCK_EX)
            yield

    def _warn(self, error: OSError) -> None:
        if not self._warned:
            self._warned = True
            log.warning(
                "The cache folder %s can't be written (%s): networks are served from memory, "
                "and the next start needs the registry.",
                self._folder,
                error.strerror,
            )


def _check(content: bytes, version: Version) -> None:
    digest = hashlib.sha256(content).hexdigest()
    if digest != version.sha256:
        raise DamagedError(f"its file's sha256 is {digest}, but its tag says {version.sha256}")


def _load(path: Path, kind: type[Stored]) -> Stored | None:
    try:
        return msgspec.json.decode(path.read_bytes(), type=kind)
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError):
        return None


def _write(path: Path, content: bytes) -> None:
    """Write ``content`` so that ``path`` is the whole of it or what was there before."""
    aside = path.with_name(f".{path.name}.aside")
    try:
        with aside.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        aside.replace(path)
    except OSError:
        aside.unlink(missing_ok=True)
        raise
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
