"""The artifacts of a restore: none that is there is changed before the database is restored."""

from typing import BinaryIO

import sqlalchemy as sa

from backup import BackupError
from backup.archive import BLOCK, Member, read_members
from backup.artifact_store import ArtifactStore
from backup.create import read_artifact_folders
from backup.manifest import PREFIX
from backup.schema import read_revision


class RestoredArtifacts:
    """Stores the artifacts of an archive, and can undo that until ``keep``."""

    def __init__(self, store: ArtifactStore) -> None:
        self._store = store
        self._new: set[str] = set()
        self._is_kept = False
        self._same: set[str] = set()
        self._changed: set[str] = set()
        self._folders: set[str] = set()

    def require_space(self, size: int) -> None:
        """Raise BackupError if the store is known to have less than ``size`` bytes."""
        free = self._store.free_bytes()
        if free is not None and free < size:
            raise BackupError(
                f"The disk is full: the archive needs {size / 1e6:.0f} MB for its artifacts, and "
                f"{free / 1e6:.0f} MB are free. Free some space and try again."
            )

    def note_folders(self, connection: sa.Connection) -> None:
        """Note where the artifacts of a database are."""
        if read_revision(connection):
            self._folders.update(read_artifact_folders(connection))

    def add(self, member: Member) -> None:
        """Store a member, unless there is an artifact of that name."""
        path = member.name.removeprefix(PREFIX)
        found = self._store.open(path)
        if found is None:
            self._new.add(path)
            self._store.write(path, member.content)
            return
        content, size = found
        with content:
            is_same = size == member.size and _are_same(content, member.content)
        (self._same if is_same else self._changed).add(path)

    def keep(self) -> None:
        """Have ``undo`` delete nothing: the database names them now."""
        self._is_kept = True

    def undo(self) -> None:
        """Delete what was stored, unless it is to be kept."""
        for path in () if self._is_kept else self._new:
            self._store.delete(path)

    def finish(self, archive: BinaryIO, *, remove_others: bool) -> None:
        """Store the artifacts that differ; delete those that the archive does not have."""
        if self._changed:
            archive.seek(0)
            for member in read_members(archive):
                path = member.name.removeprefix(PREFIX)
                if path in self._changed:
                    self._store.write(path, member.content)
        if remove_others:
            kept = self._new | self._same | self._changed
            for folder in self._folders:
                for path in self._store.list(folder):
                    if path not in kept:
                        self._store.delete(path)


def _are_same(one: BinaryIO, other: BinaryIO) -> bool:
    while block := one.read(BLOCK):
        if block != other.read(len(block)):
            return False
    return True
