"""The manifest: what a run reads, with which version, in which parts."""

from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from mnist_api.model.version import Version
from mnist_score.errors import ScoreError
from mnist_score.readers.source import Reader, Source

PART_IMAGES = 65_536


class Part(NamedTuple):
    """A range of a source's images; a part of the manifest's number is a file of the output."""

    source: int  # its index in the manifest
    first: int
    images: int


class Manifest(msgspec.Struct, frozen=True):
    """What all runs into one folder have in common."""

    version: Version
    sources: list[Source]
    part_images: int
    parts: list[Part]

    def __post_init__(self) -> None:
        if not all(0 <= part.source < len(self.sources) for part in self.parts):
            raise ValueError("A part has no source.")


def plan(version: Version, readers: Sequence[Reader], part_images: int | None) -> Manifest:
    """Divide all images into parts."""
    size = part_images or PART_IMAGES
    parts = []
    for index, reader in enumerate(readers):
        first = 0
        for end in reader.cut(size) if reader.source.images else ():
            parts.append(Part(index, first, end - first))
            first = end
    return Manifest(version, [reader.source for reader in readers], size, parts)


def update(
    manifest: Manifest, readers: Sequence[Reader], failed: set[int], part_images: int | None
) -> Manifest:
    """Return ``manifest`` for the sources as they are now.

    A source may have changed if parts of it have failed: it counts as repaired. Raises ScoreError
    for other sources or parts.
    """
    if part_images not in (None, manifest.part_images):
        raise _refuse(f"its parts have {manifest.part_images} images")
    sources = [reader.source for reader in readers]
    if [one.uri for one in sources] != [one.uri for one in manifest.sources]:
        raise _refuse("its inputs are others, as its _manifest.json says")
    parts = manifest.parts  # without those of a run whose files were removed
    repaired = {parts[number].source for number in failed if number < len(parts)}
    for index, (now, then) in enumerate(zip(sources, manifest.sources, strict=True)):
        is_same_size = (now.kind, now.images, now.names) == (then.kind, then.images, then.names)
        if now != then and not (index in repaired and is_same_size):
            raise _refuse(f"{now.uri} has changed since")
    return msgspec.structs.replace(manifest, sources=sources)


def _refuse(reason: str) -> ScoreError:
    return ScoreError(f"The output has parts of another run: {reason}. Choose another folder.")
