"""Images in a .npy file, of which a range is read without the rest."""

from collections.abc import Iterator

import numpy as np
from numpy.lib import format as npy_format
from pyarrow.fs import FileInfo

from mnist_api.codecs.npy import LIST, ONE, READERS
from mnist_api.signature import PIXELS
from mnist_score.errors import PartError, ScoreError
from mnist_score.locations import Location
from mnist_score.readers.block import BLOCK, Block, to_pixels
from mnist_score.readers.source import Source


class NpyReader:
    """An array of uint8 or floats, whose shape is [n, 784] or [n, 28, 28]."""

    def __init__(self, file: Location, info: FileInfo) -> None:
        self._file = file
        with file.files.open_input_file(file.path) as opened:
            try:
                shape, is_fortran, self._dtype = READERS[npy_format.read_magic(opened)](opened)
            except Exception as error:  # the header is a Python literal; errors have many types
                raise ScoreError(f"{file.uri} is no .npy file: write it with np.save.") from error
            self._offset = opened.tell()
        if any(isinstance(length, bool) or length < 0 for length in shape):
            raise ScoreError(f"{file.uri} has the shape {shape}: write it with np.save.")
        if self._dtype != np.uint8 and self._dtype.kind != "f":
            raise ScoreError(
                f"{file.uri} is of {self._dtype}: save uint8 (0 to 255) or float32 (0 to 1)."
            )
        if shape not in ONE and shape[1:] not in LIST:
            raise ScoreError(f"{file.uri} has the shape {shape}: save (n, 784) or (n, 28, 28).")
        if is_fortran:
            raise ScoreError(f"{file.uri} is in Fortran's order: save np.ascontiguousarray of it.")
        images = 1 if shape in ONE else shape[0]
        whole = (info.size - self._offset) // (self._dtype.itemsize * PIXELS)
        if whole < images:
            raise ScoreError(
                f"{file.uri} ends after {whole:,} of {images:,} images: copy the file again."
            )
        self.source = Source(file.uri, "npy", images, info.size, info.mtime_ns)

    def cut(self, part_images: int) -> list[int]:
        """Return where parts end."""
        return [*range(part_images, self.source.images, part_images), self.source.images]

    def name(self, first: int, count: int) -> list[str] | None:
        """Return None: images are rows of the source."""
        return None

    def read(self, first: int, count: int) -> Iterator[Block]:
        """Read ``count`` images from ``first`` on. Raises PartError, OSError."""
        size = self._dtype.itemsize * PIXELS
        with self._file.files.open_input_file(self._file.path) as opened:
            for start in range(first, first + count, BLOCK):
                number = min(BLOCK, first + count - start)
                content = opened.read_at(number * size, self._offset + start * size)
                if len(content) < number * size:
                    whole = start + len(content) // size
                    raise PartError(f"it ends after image {whole - 1}: copy the file again")
                yield Block(to_pixels(np.frombuffer(content, self._dtype)))
