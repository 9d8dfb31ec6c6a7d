"""The folders of the cached versions, each with its files."""

import hashlib
import os
import shutil
from pathlib import Path
from urllib.parse import quote

import msgspec

from mnist_api.model.version import Version
from mnist_api.registry.stored_files import load, write

MAX_VERSIONS = 4  # the active one included
DESCRIPTION = "version.json"


class DamagedError(Exception):
    """A file is not the one that was registered."""


class VersionFolders:
    """The folders of one registered model's versions."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def read(self, version: Version, name: str, sha256: str | None) -> bytes | None:
        """Return the file ``name`` of ``version``, None if it is missing or damaged."""
        try:
            content = (self._find(version) / name).read_bytes()
            check_sha256(content, sha256)
        except (OSError, DamagedError):
            return None
        return content

    def store(self, version: Version, name: str, content: bytes) -> None:
        """Write the file ``name`` of ``version``. Raises OSError."""
        folder = self._find(version)
        folder.mkdir(exist_ok=True)
        write(folder / name, content)
        write(folder / DESCRIPTION, msgspec.json.encode(version))

    def versions(self) -> list[Version]:
        """Return the cached versions, the most recently active first."""
        found = (load(folder / DESCRIPTION, Version) for folder in self._list())
        return [one for one in found if one is not None]

    def keep_recent(self, active: Version) -> None:
        """Note that ``active`` was active now, and remove the oldest of many. Raises OSError."""
        kept = self._find(active)
        if kept.is_dir():
            os.utime(kept)
        others = [folder for folder in self._list() if folder != kept]
        for folder in others[MAX_VERSIONS - 1 :]:
            shutil.rmtree(folder)

    def _list(self) -> list[Path]:
        """Return the folders, that of the most recently active version first."""
        try:
            folders = [path for path in self._root.iterdir() if path.is_dir()]
            return sorted(folders, key=lambda path: path.stat().st_mtime, reverse=True)
        except OSError:
            return []

    def _find(self, version: Version) -> Path:
        return self._root / quote(version.id, safe="").replace(".", "%2E")


def check_sha256(content: bytes, expected: str | None) -> None:
    """Raise DamagedError unless the SHA-256 of ``content`` is ``expected``."""
    digest = hashlib.sha256(content).hexdigest()
    if digest != expected:
        raise DamagedError(f"its file's sha256 is {digest}, but its tag is {expected}")
