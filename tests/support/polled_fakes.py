"""Fakes of what the poller reads and writes: the registry, the cache and the history."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from mnist_api.model.active import LoadedModel
from mnist_api.model.version import Version
from mnist_api.registry.active_record import LastActive

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


class FakeRegistry:
    """Returns the desired version, or raises ``error``."""

    has_asked = True

    def __init__(self) -> None:
        self.desired: Version | None = None
        self.error: Exception | None = None

    def find(self) -> Version | None:
        if self.error:
            raise self.error
        return self.desired

    def seconds_to_next(self) -> float:
        return 10

    def fetch(self, wanted: Version) -> bytes:
        return f"fetched {wanted.id}".encode()

    def fetch_extra(self, wanted: Version, name: str) -> bytes:
        return f"{name} of {wanted.id}".encode()


class FakeCache:
    """Holds the versions in ``cached``; obtaining one of ``errors`` raises its error."""

    def __init__(self) -> None:
        self.last: LastActive | None = None
        self.accepted: list[Version] = []
        self.cached: list[Version] = []
        self.errors: dict[str, Exception] = {}
        self.obtained: list[str] = []
        self.extras: set[tuple[str, str]] = set()  # version and name of further files
        self.lost: set[tuple[str, str]] = set()  # those of them that are not cached
        self.recorded: list[Version] = []
        self.on_obtain: Callable[[], object] = lambda: None

    def obtain(self, wanted: Version, fetch: Callable[[Version], bytes], try_model: Any) -> bytes:
        self.obtained.append(wanted.id)
        self.on_obtain()
        if wanted.id in self.errors:
            raise self.errors[wanted.id]
        content = f"cached {wanted.id}".encode() if wanted in self.cached else fetch(wanted)
        try_model(content)
        return content

    def obtain_extra(
        self, wanted: Version, name: str, fetch: Callable[[Version, str], bytes]
    ) -> bytes | None:
        """Return the content of a file, None where it is not in ``extras``."""
        if (wanted.id, name) not in self.extras:
            return None
        if wanted in self.cached and (wanted.id, name) not in self.lost:
            return f"cached {name} of {wanted.id}".encode()
        return fetch(wanted, name)

    def has_accepted(self, wanted: Version) -> bool:
        return wanted in self.accepted

    def last_active(self) -> LastActive | None:
        return self.last

    def versions(self) -> list[Version]:
        return self.cached

    def record_active(self, active: Version) -> datetime:
        self.recorded.append(active)
        return NOON


class FakeHistory:
    """Keeps what the poller has seen: the ids of the desired and the active version."""

    def __init__(self) -> None:
        self.seen: list[tuple[str | None, str | None]] = []

    def look(self, desired: Version | None, loaded: LoadedModel | None) -> None:
        active = loaded.version.id if loaded else None
        self.seen.append((desired.id if desired else None, active))
