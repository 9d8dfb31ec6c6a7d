"""A fake of a registry and of the trial of a model, which count how often they are asked."""

import hashlib

from mnist_api.model.version import Version
from mnist_api.registry.cache import Cache

CONTENT = b"a network"
SHA256 = hashlib.sha256(CONTENT).hexdigest()
VERSION = Version("digits", "1", None, 0.98, SHA256)


class Source:
    """A registry and a trial that count how often they are asked."""

    def __init__(self, content: bytes = CONTENT, error: Exception | None = None) -> None:
        self.content, self.error = content, error
        self.fetched: list[Version] = []
        self.tried: list[bytes] = []

    def fetch(self, version: Version) -> bytes:
        self.fetched.append(version)
        return self.content

    def try_model(self, content: bytes) -> None:
        self.tried.append(content)
        if self.error:
            raise self.error

    def obtain(self, cache: Cache, version: Version = VERSION) -> bytes:
        return cache.obtain(version, self.fetch, self.try_model)

    def counts(self) -> tuple[int, int]:
        return len(self.fetched), len(self.tried)
