"""The cache folder: networks that may serve, each under its version.

<cache>/<model's name>/<version>/model.onnx and version.json, in-service.json and verdicts.json
beside them.
"""

import hashlib
import logging
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

import msgspec

from mnist_api.model.onnx_model import NetworkRefusedError
from mnist_api.model.version import Version
from mnist_api.registry.stored_files import load, locked, write
from mnist_api.registry.verdicts import Verdicts

KEPT = 4  # versions, the one in service among them
CONTENT = "model.onnx"
ABOUT = "version.json"

log = logging.getLogger(__name__)


class DamagedError(Exception):
    """A file is not the one that was registered."""


@dataclass(frozen=True)
class InService:
    """The version last in service, and since when, in UTC."""

    version: Version
    since: datetime


class Cache:
    """One model's folder. Writing happens under locks that the workers share."""

    def __init__(self, root: Path, model_name: str) -> None:
        self._folder = root / quote(model_name, safe="").replace(".", "%2E")
        self._verdicts = Verdicts(self._folder / "verdicts.json")
        self._warned = False

    def obtain(
        self,
        version: Version,
        fetch: Callable[[Version], bytes],
        try_network: Callable[[bytes], None],
    ) -> bytes:
        """Return the file of ``version``; fetched and tried if need be, once for all workers.

        Raises DamagedError, NetworkRefusedError, and what ``fetch`` and ``try_network`` raise. Of
        these NetworkRefusedError is remembered.
        """
        if version.sha256 is None:
            raise DamagedError("it has no tag sha256, so its file can't be checked")
        content = self._accepted(version)
        if content is None:
            with self._lock(".trial.lock"):  # its own, for a trial takes its time
                content = self._accepted(version)  # another worker may just have tried it
                if content is None:
                    content = self._admit(version, fetch, try_network)
        return content

    def has_accepted(self, version: Version) -> bool:
        """Say whether ``version`` was tried and may serve."""
        verdict = self._verdicts.find(version)
        return verdict is not None and verdict.refusal is None

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
        return load(self._folder / "in-service.json", InService)

    def versions(self) -> list[Version]:
        """Return the cached versions, those used last first."""
        found = (load(folder / ABOUT, Version) for folder in self._folders())
        return [version for version in found if version is not None]

    def remember(self, version: Version) -> datetime:
        """Note that ``version`` is in service; return since when, whichever worker was first."""
        now = datetime.now(UTC)
        with self._lock(".lock"):
            known = self.in_service()
            if known is not None and known.version == version:
                return known.since
            try:
                write(
                    self._folder / "in-service.json", msgspec.json.encode(InService(version, now))
                )
                if self._folder_of(version).is_dir():
                    os.utime(self._folder_of(version))
                self._prune(version)
            except OSError as error:
                self._warn(error)
        return now

    def _accepted(self, version: Version) -> bytes | None:
        """Return the file of a version that was tried. Raises NetworkRefusedError."""
        verdict = self._verdicts.find(version)
        if verdict is not None and verdict.refusal is not None:
            raise NetworkRefusedError(verdict.refusal)
        return self.read(version) if verdict is not None else None

    def _admit(
        self,
        version: Version,
        fetch: Callable[[Version], bytes],
        try_network: Callable[[bytes], None],
    ) -> bytes:
        content = self.read(version)
        is_new = content is None
        if content is None:
            content = fetch(version)
            _check(content, version)
        if not self.has_accepted(version):
            try:
                try_network(content)
            except NetworkRefusedError as error:
                self._note(version, str(error))
                raise
            self._note(version, None)
        if is_new:
            self._store(version, content)
        return content

    def _note(self, version: Version, refusal: str | None) -> None:
        try:
            self._verdicts.add(version, refusal)
        except OSError as error:
            self._warn(error)

    def _store(self, version: Version, content: bytes) -> None:
        folder = self._folder_of(version)
        try:
            folder.mkdir(parents=True, exist_ok=True)
            write(folder / CONTENT, content)
            write(folder / ABOUT, msgspec.json.encode(version))
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
    def _lock(self, name: str) -> Iterator[None]:
        """Hold a lock; where the folder can't be written there is nothing to guard."""
        with ExitStack() as held:
            try:
                held.enter_context(locked(self._folder / name))
            except OSError as error:
                self._warn(error)
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
