"""Data frames as records or CSV: one image a row, columns by position."""

from array import array
from collections.abc import Callable

import msgspec
import numpy as np
from numpy.typing import NDArray

from mnist_api.problems import ProblemError
from mnist_api.signature import PIXELS

MAX_ROW_BYTES = 65536
_decode_record = msgspec.json.Decoder(dict[str, float]).decode


def read_records(json: bytes, checkpoint: Callable[[], None]) -> NDArray[np.float32]:
    """Return well-formed JSON such as ``[{"0": 0.5, ...}, ...]`` as float32 [n, 784].

    Raises ProblemError (400).
    """
    pieces = _split(json.strip()[1:-1], b"}", json.count(b":"), PIXELS)
    if pieces[-1].strip():
        raise _refuse("something follows the last record")
    images = np.empty((len(pieces) - 1, PIXELS), np.float32)
    columns = None
    for number, piece in enumerate(pieces[:-1]):
        checkpoint()
        try:
            record = _decode_record(piece.lstrip(b", \t\r\n") + b"}")
        except msgspec.MsgspecError as error:
            raise _refuse(f"record {number} is not numbers by name ({error})") from None
        columns = columns or record.keys()
        if len(record) != PIXELS or record.keys() != columns:
            raise _refuse(f"record {number} has other columns than {PIXELS}, the same for all")
        images[number] = array("f", [record[column] for column in columns])
    return images


def read_csv(body: bytes, checkpoint: Callable[[], None]) -> NDArray[np.float32]:
    """Return the rows under a CSV's heading as float32 [n, 784]. Raises ProblemError (400)."""
    lines = _split(body.strip(), b"\n", body.count(b","), PIXELS - 1)
    images = np.empty((len(lines) - 1, PIXELS), np.float32)
    for number, line in enumerate(lines[1:]):
        checkpoint()
        try:
            row = array("f", map(float, line.split(b",")))
        except ValueError as error:
            raise _refuse(f"line {number + 2} is not numbers ({error})") from None
        if len(row) != PIXELS:
            raise _refuse(f"line {number + 2} has {len(row)} values")
        images[number] = row
    return images


def _split(text: bytes, end: bytes, separators: int, per_row: int) -> list[bytes]:
    """Return the rows of ``text``, after checking that their number and length are bounded."""
    count = text.count(end) + (end == b"\n")
    if separators != count * per_row:
        raise _refuse(f"{count} rows were found, but they don't have {PIXELS} columns each")
    rows = text.split(end)
    if max(map(len, rows)) > MAX_ROW_BYTES:
        raise _refuse(f"a row is longer than {MAX_ROW_BYTES} bytes")
    return rows


def _refuse(reason: str) -> ProblemError:
    return ProblemError(
        400, f"This is no data frame of images: {reason}. A row is an image of {PIXELS} numbers."
    )
