import tracemalloc
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mnist_score.inputs import find_readers
from mnist_score.locations import open_location
from mnist_score.readers.block import Block

MEGABYTE = 1024**2
PICTURES = 40


def read(folder: Path) -> tuple[list[Block], int]:
    """Return what is read, and the most memory that Python took for it, in bytes."""
    output = open_location(str(folder.parent / "output"))
    (reader,) = find_readers([open_location(str(folder))], output)
    tracemalloc.start()
    try:
        blocks = list(reader.read(0, reader.source.images))
        return blocks, tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    (tmp_path / "pictures").mkdir()
    return tmp_path / "pictures"


@pytest.mark.parametrize("kind", ["files", "column"])
def test_of_many_pictures_one_is_in_memory_at_a_time(kind: str, pictures: Path) -> None:
    content = bytes(MEGABYTE)
    if kind == "files":
        for number in range(PICTURES):
            (pictures / f"{number}.png").write_bytes(content)
    else:
        pq.write_table(pa.table({"image": [content] * PICTURES}), pictures / "a.parquet")
    blocks, most = read(pictures)
    assert sum(len(block.errors) for block in blocks) == PICTURES
    assert most < 25 * MEGABYTE  # a buffer of the limit, and pictures


def test_a_file_above_the_limit_of_the_api_is_an_error_of_its_row(pictures: Path) -> None:
    with (pictures / "a.png").open("wb") as file:
        file.truncate(100 * MEGABYTE)
    (pictures / "b.png").touch()
    (block,), most = read(pictures)
    assert "more than 16 MB" in block.errors[0]
    assert "more than 16 MB" not in block.errors[1]
    assert most < 40 * MEGABYTE
