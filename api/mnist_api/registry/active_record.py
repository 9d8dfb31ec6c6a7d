"""The record in the cache of the versions that were active for one alias of one server."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import msgspec

from mnist_api.model.version import Version
from mnist_api.registry.stored_files import load, write

MAX_EARLIER = 8  # more than the cache keeps


@dataclass(frozen=True)
class LastActive:
    """The version that was last active, and since when, in UTC.

    ``server`` is the tracking server, and ``earlier`` are the ids of versions that were active
    before, the most recent first; both None in files of former versions.
    """

    version: Version
    since: datetime
    server: str | None = None
    earlier: tuple[str, ...] | None = None

    def knows(self, version: Version) -> bool:
        """Return whether ``version`` was active, which is not known of former versions' files."""
        return self.earlier is None or version.id in (self.version.id, *self.earlier)


class ActiveRecord:
    """The file of an alias; what it says of another ``server`` is not read."""

    def __init__(self, path: Path, server: str) -> None:
        self._path = path
        self._server = server

    def read(self) -> LastActive | None:
        """Return the last record, None if there is none."""
        last = load(self._path, LastActive)
        return last if last and last.server in (None, self._server) else None

    def write(self, version: Version, since: datetime, last: LastActive | None) -> None:
        """Record ``version`` after ``last``. Raises OSError."""
        earlier = (last.version.id, *(last.earlier or ())) if last else ()
        record = LastActive(version, since, self._server, earlier[:MAX_EARLIER])
        write(self._path, msgspec.json.encode(record))
