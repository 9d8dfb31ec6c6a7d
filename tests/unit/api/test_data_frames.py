"""Data frames as records and as CSV: what is read, and the sentence if it can't be."""

import json
from collections.abc import Callable
from itertools import count

import numpy as np
import pytest

from mnist_api.codecs.data_frames import MAX_ROW_BYTES, read_csv, read_records
from mnist_api.http import skip_checkpoint
from support.refusals import refused

FIRST, SECOND = ([base + number / 1024 for number in range(784)] for base in (0, 1))
HEADING = ",".join(map(str, range(784)))


def record(values: list[float], *order: int) -> str:
    return json.dumps({f"p{number}": values[number] for number in order or range(784)})


def line(values: list[float]) -> str:
    return ",".join(map(str, values))


def expect(found: np.ndarray, *rows: list[float]) -> None:
    assert found.dtype == np.float32
    assert found.tolist() == np.array(rows, np.float32).reshape(-1, 784).tolist()


def test_records_are_images_in_the_columns_of_the_first() -> None:
    moved = record(SECOND, *reversed(range(784)))
    body = f" [{record(FIRST)} ,\r\n\t {moved}]\n".encode()
    checkpoints = count()
    expect(read_records(body, checkpoints.__next__), FIRST, SECOND)  # type: ignore[arg-type]
    assert next(checkpoints) == 2


def test_the_lines_of_a_csv_are_images() -> None:
    body = f"\n{HEADING}\r\n{line(FIRST)}\r\n{line(SECOND)}\r\n".encode()
    checkpoints = count()
    expect(read_csv(body, checkpoints.__next__), FIRST, SECOND)  # type: ignore[arg-type]
    assert next(checkpoints) == 2


def test_a_data_frame_without_rows_has_no_images() -> None:
    expect(read_records(b"[]", skip_checkpoint))
    expect(read_csv(HEADING.encode(), skip_checkpoint))


def padded(row: str, size: int) -> str:
    """Return a row with spaces before its last value, ``size`` bytes."""
    head, separator, tail = row.rpartition(" " if " " in row else ",")
    return head + separator + " " * (size - len(row)) + tail


def records_of(size: int) -> bytes:
    return f"[{padded(record(FIRST), size + 1)}]".encode()  # the row is split off before its }


def csv_of(size: int) -> bytes:
    return f"{HEADING}\n{padded(line(FIRST), size)}".encode()


@pytest.mark.parametrize(("read", "body_of"), [(read_records, records_of), (read_csv, csv_of)])
def test_a_row_has_a_limited_length(
    read: Callable[..., np.ndarray], body_of: Callable[[int], bytes]
) -> None:
    assert MAX_ROW_BYTES == 65536
    expect(read(body_of(65536), skip_checkpoint), FIRST)
    with refused(400, refusal("a row is longer than 65536 bytes")):
        read(body_of(65537), skip_checkpoint)


def refusal(reason: str) -> str:
    return f"This is no data frame of images: {reason}. A row is an image of 784 numbers."


def columns(rows: int) -> str:
    return f"{rows} rows were found, but they don't have 784 columns each"


OTHER = "record 1 has other columns than 784, the same for all"
RENAMED = record(FIRST).replace('"p783"', '"q783"')
TWICE = record(FIRST).replace('"p783"', '"p0"')
RECORDS = {
    "a value too few": ("[{" + record(FIRST).partition(", ")[2] + "]", columns(1)),
    "a number after them": (f"[{record(FIRST)}, 5]", "something follows the last record"),
    "words": (f"[{record([*FIRST[:-1], 'a'])}]", "record 0 is not numbers by name (…)"),
    "another name": (f"[{record(FIRST)}, {RENAMED}]", OTHER),
    "a name twice": (f"[{TWICE}]", OTHER.replace("1", "0", 1)),
    "a name twice in the second": (f"[{record(FIRST)}, {TWICE}]", OTHER),
}


@pytest.mark.parametrize(("body", "reason"), RECORDS.values(), ids=RECORDS)
def test_other_records_are_refused(body: str, reason: str) -> None:
    with refused(400, refusal(reason)):
        read_records(body.encode(), skip_checkpoint)


CSV = {
    "a value too few": (f"{HEADING}\n{line(FIRST[:-1])}", columns(2)),
    "words": (f"{HEADING}\n{line(FIRST[:-1])},a", "line 2 is not numbers (…)"),
    "one short and one long": (
        f"{HEADING}\n{line(FIRST)}\n{line(FIRST[:-1])}\n{line([*FIRST, 0])}",
        "line 3 has 783 values",
    ),
}


@pytest.mark.parametrize(("body", "reason"), CSV.values(), ids=CSV)
def test_another_csv_is_refused(body: str, reason: str) -> None:
    with refused(400, refusal(reason)):
        read_csv(body.encode(), skip_checkpoint)
