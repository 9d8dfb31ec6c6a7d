"""What a reader reads, as the manifest describes it."""

from collections.abc import Iterator
from typing import Literal, Protocol

import msgspec

from mnist_score.readers.block import Block


class Source(msgspec.Struct, frozen=True):
    """A file of images, or a folder of pictures."""

    uri: str
    kind: Literal["npy", "parquet", "pictures"]
    images: int
    bytes: int
    modified: int  # in nanoseconds since 1970; of a folder, that of its newest picture
    names: str | None = None  # SHA-256 of the pictures' paths


class Reader(Protocol):
    """Reads ranges of a source's images; used by several threads at once."""

    source: Source

    def cut(self, part_images: int) -> list[int]:
        """Return where parts of at least ``part_images`` end, the number of images last."""

    def name(self, first: int, count: int) -> list[str] | None:
        """Return the address of each image; None if they are rows of the source."""

    def read(self, first: int, count: int) -> Iterator[Block]:
        """Read ``count`` images from ``first`` on. Raises PartError, OSError, ArrowException."""
