"""Images in a column of a Parquet file: 784 numbers each, or a picture's bytes."""

from collections.abc import Iterator
from itertools import accumulate

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from pyarrow import types
from pyarrow.fs import FileInfo

from mnist_api.signature import PIXELS
from mnist_score.errors import CHANGED, PartError, ScoreError
from mnist_score.locations import Location
from mnist_score.readers.block import BLOCK, Block, to_pixels
from mnist_score.readers.pictures import AT_ONCE, read_pictures
from mnist_score.readers.source import Source

COLUMN = "image"  # preferred where several could be it
LISTS = (types.is_list, types.is_large_list, types.is_fixed_size_list)
BUFFER = 4 * 1024**2  # bytes that are read at once: a row group may be larger than the memory


class ParquetReader:
    """A Parquet file; its parts are whole row groups."""

    def __init__(self, file: Location, info: FileInfo) -> None:
        self._file = file
        try:
            with self._open() as opened:
                metadata, schema = opened.metadata, opened.schema_arrow
        except pa.ArrowInvalid as error:
            raise ScoreError(f"{file.uri} is no Parquet file, or is damaged.") from error
        self._column = _find_column(schema, file.uri)
        self._ends = _find_ends(metadata)
        self.source = Source(file.uri, "parquet", metadata.num_rows, info.size, info.mtime_ns)

    def cut(self, part_images: int) -> list[int]:
        """Return where parts end."""
        cuts = [0]
        for end in self._ends:
            if end - cuts[-1] >= part_images:
                cuts.append(end)
        return sorted({*cuts[1:], self.source.images})

    def name(self, first: int, count: int) -> list[str] | None:
        """Return None: images are rows of the source."""
        return None

    def read(self, first: int, count: int) -> Iterator[Block]:
        """Read ``count`` images from ``first`` on. Raises PartError, OSError, ArrowException."""
        groups = [i for i, end in enumerate(self._ends) if first < end <= first + count]
        with self._open() as opened:
            if _find_ends(opened.metadata) != self._ends:
                raise PartError(CHANGED)
            field = opened.schema_arrow.field(self._column)
            rows = AT_ONCE if _is_picture(field.type) else BLOCK
            batches = opened.iter_batches(rows, groups, [self._column], use_threads=False)
            for batch in batches:
                yield _to_block(batch.column(0))

    def _open(self) -> pq.ParquetFile:
        return pq.ParquetFile(
            self._file.path,
            filesystem=self._file.files,
            buffer_size=BUFFER,
            pre_buffer=False,
            page_checksum_verification=True,
        )


def _find_ends(metadata: pq.FileMetaData) -> list[int]:
    groups = range(metadata.num_row_groups)
    return list(accumulate(metadata.row_group(group).num_rows for group in groups))


def _find_column(schema: pa.Schema, uri: str) -> str:
    """Return the only column that may be the images, or the one of that name."""
    found = [one.name for one in schema if _is_numbers(one.type) or _is_picture(one.type)]
    if found.count(COLUMN) == 1:
        found = [COLUMN]
    if len(found) != 1:
        which = f"{len(found)} columns ({', '.join(found)})" if found else "no column"
        raise ScoreError(
            f"{uri} has {which} of lists or pictures: call the images' column {COLUMN!r}."
        )
    if schema.names.count(found[0]) > 1:
        raise ScoreError(f"{uri} has several columns called {found[0]!r}: rename the others.")
    return str(found[0])


def _is_picture(kind: pa.DataType) -> bool:
    if types.is_struct(kind):  # as Hugging Face's data sets have it
        return kind.get_field_index("bytes") >= 0 and _is_picture(kind.field("bytes").type)
    return bool(types.is_binary(kind) or types.is_large_binary(kind))


def _is_numbers(kind: pa.DataType) -> bool:
    if not _is_list(kind):
        return False
    value = kind.value_type
    return _is_numbers(value) or bool(types.is_integer(value) or types.is_floating(value))


def _is_list(kind: pa.DataType) -> bool:
    return any(is_kind(kind) for is_kind in LISTS)


def _to_block(images: pa.Array) -> Block:
    if types.is_struct(images.type):
        images = images.flatten()[images.type.get_field_index("bytes")]  # null where the row is
    if _is_picture(images.type):
        return read_pictures((one.as_py() or b"" for one in images), len(images))
    count = len(images)
    while _is_list(images.type):
        lengths = pc.unique(pc.list_value_length(images)).to_pylist()
        if images.null_count or len(lengths) > 1:
            raise PartError(f"an image is missing, or is not {PIXELS} numbers")
        images = images.flatten()
    if images.null_count or len(images) != count * PIXELS:
        raise PartError(f"an image has a number missing, or is not {PIXELS} numbers")
    return Block(to_pixels(images.to_numpy(zero_copy_only=False)))
