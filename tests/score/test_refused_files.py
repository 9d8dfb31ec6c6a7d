from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from numpy.lib import format as npy_format

from mnist_score.errors import PartError, ScoreError
from mnist_score.inputs import find_readers
from mnist_score.locations import open_location
from mnist_score.readers.source import Reader


def save_shape(path: Path, *shape: int) -> None:
    """Write three images whose header has another shape."""
    with path.open("wb") as file:
        header = {"descr": "|u1", "fortran_order": False, "shape": shape}
        npy_format.write_array_header_1_0(file, header)
        file.write(BYTES.tobytes())


def find(folder: Path, *inputs: str) -> list[Reader]:
    locations = [open_location(str(folder / one)) for one in inputs]
    return find_readers(locations, open_location(str(folder / "output")))


def save_column(folder: Path, **columns: list[object]) -> Path:
    pq.write_table(pa.table(columns), folder / "a.parquet")
    return folder / "a.parquet"


BYTES = np.zeros((3, 784), np.uint8)
REFUSED: dict[str, tuple[Callable[[Path], object], str]] = {
    "missing": (lambda path: None, "a.npy does not exist"),
    "text": (lambda path: path.write_text("hello"), "is no .npy file"),
    "objects": (
        lambda path: np.save(path, np.array([{}]), allow_pickle=True),
        r"is of object: save uint8",
    ),
    "integers": (lambda path: np.save(path, BYTES.astype(int)), "is of int64: save uint8"),
    "width": (lambda path: np.save(path, BYTES[:, :783]), r"has the shape \(3, 783\)"),
    "order": (lambda path: np.save(path, np.asfortranarray(BYTES)), "is in Fortran's order"),
    "negative": (lambda path: save_shape(path, -3, 784), r"has the shape \(-3, 784\)"),
    "boolean": (lambda path: save_shape(path, True, 784), r"has the shape \(True, 784\)"),
    "truncated": (
        lambda path: save_shape(path, 10**13, 784),
        "ends after 3 of 10,000,000,000,000 images: copy the file again",
    ),
    "empty": (lambda path: np.save(path, BYTES[:0]), "hold no images"),
}


@pytest.mark.parametrize(("save", "sentence"), REFUSED.values(), ids=REFUSED)
def test_an_array_that_is_no_list_of_images_is_refused(
    save: Callable[[Path], object], sentence: str, tmp_path: Path
) -> None:
    save(tmp_path / "a.npy")
    with pytest.raises(ScoreError, match=sentence):
        find(tmp_path, "a.npy")


def test_all_bad_inputs_are_named_at_once(tmp_path: Path) -> None:
    (tmp_path / "a.parquet").write_text("hello")
    (tmp_path / "c.txt").write_text("hello")
    with pytest.raises(ScoreError) as refused:
        find(tmp_path, "a.parquet", "b.npy", "c.txt")
    assert sorted(str(refused.value).splitlines()) == [
        f"{tmp_path}/a.parquet is no Parquet file, or is damaged.",
        f"{tmp_path}/b.npy does not exist.",
        f"{tmp_path}/c.txt is no .npy, no .parquet and no picture.",
    ]


@pytest.mark.parametrize(
    ("columns", "sentence"),
    [
        ({"label": [1]}, "has no column of lists or pictures"),
        ({"a": [[1]], "b": [[1]]}, r"has 2 columns \(a, b\) of lists or pictures"),
    ],
)
def test_a_table_whose_images_are_not_found_is_refused(
    columns: dict[str, list[object]], sentence: str, tmp_path: Path
) -> None:
    with pytest.raises(ScoreError, match=sentence):
        find(tmp_path, save_column(tmp_path, **columns).name)


def test_a_table_with_two_columns_of_the_name_is_refused(tmp_path: Path) -> None:
    for name, other in (("image", [[1]]), ("pixels", ["text"])):
        table = pa.Table.from_arrays([pa.array([[0] * 784]), pa.array(other)], names=[name, name])
        pq.write_table(table, tmp_path / "a.parquet")
        with pytest.raises(ScoreError, match=f"columns (called '{name}'|\\(image, image\\))"):
            find(tmp_path, "a.parquet")


@pytest.mark.parametrize(
    "images",
    [[[0] * 784, [0] * 783, [0] * 785], [[0] * 784, None], [[0] * 783 + [None]], [[256] * 784]],
    ids=["lengths", "no image", "no number", "too large"],
)
def test_a_row_that_is_no_image_fails_its_part(images: list[object], tmp_path: Path) -> None:
    (reader,) = find(tmp_path, save_column(tmp_path, image=images).name)
    with pytest.raises(PartError):
        list(reader.read(0, len(images)))
