"""Pictures of one digit each: files of a folder, or bytes in a column."""

import hashlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from threading import Lock

import numpy as np
from pyarrow.fs import FileInfo

from mnist_api.imaging.picture import read_picture
from mnist_api.imaging.picture_file import PictureError
from mnist_api.signature import PIXELS
from mnist_score.locations import Location
from mnist_score.readers.block import Block
from mnist_score.readers.source import Source

SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".bmp")
AT_ONCE = 16  # pictures that are decoded before they are scored
MAX_BYTES = 16 * 1024**2  # of a picture's file: the default of the API for a body
TOO_LARGE = f"The file has more than {MAX_BYTES // 1024**2} MB: make the picture smaller."

_decoding = Lock()


def read_pictures(contents: Iterable[bytes], count: int) -> Block:
    """Return the digits of ``count`` pictures, whose files are in memory one at a time.

    One without a readable digit is an error of its row.
    """
    images = np.zeros((count, PIXELS), np.float32)
    errors = {}
    for row, content in enumerate(contents):
        try:
            if len(content) > MAX_BYTES:
                raise PictureError(TOO_LARGE)
            images[row] = read_picture(content, _locked())
        except PictureError as error:
            errors[row] = str(error)
    return Block(images, errors)


@contextmanager
def _locked() -> Iterator[None]:
    """Decode one picture at a time: the limit of memory meanwhile is one of the whole process."""
    with _decoding:
        yield


class PictureReader:
    """The pictures of a folder, in the order of their paths."""

    def __init__(self, folder: Location, infos: list[FileInfo]) -> None:
        self._files = [Location(folder.files, info.path) for info in infos]
        names = hashlib.sha256("\n".join(info.path for info in infos).encode())
        self.source = Source(
            folder.uri,
            "pictures",
            len(infos),
            sum(info.size for info in infos),
            max(info.mtime_ns for info in infos),
            names.hexdigest(),
        )

    def cut(self, part_images: int) -> list[int]:
        """Return where parts end."""
        return [*range(part_images, len(self._files), part_images), len(self._files)]

    def name(self, first: int, count: int) -> list[str] | None:
        """Return the address of each picture."""
        return [file.uri for file in self._files[first : first + count]]

    def read(self, first: int, count: int) -> Iterator[Block]:
        """Read ``count`` pictures from ``first`` on. Raises OSError."""
        for start in range(first, first + count, AT_ONCE):
            files = self._files[start : min(start + AT_ONCE, first + count)]
            yield read_pictures((file.read(MAX_BYTES + 1) for file in files), len(files))
