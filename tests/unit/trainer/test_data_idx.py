"""IDX files, MNIST's and EMNIST's: what is read, and what is refused by the file's name."""

import gzip
import struct
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from mnist_trainer.data import dataset as data
from mnist_trainer.data.images import MAX_IMAGES
from mnist_trainer.errors import DataError
from support.trainer.example_datasets import draw, write_idx, write_set


@pytest.fixture
def clothes(tmp_path: Path) -> Path:
    """A small data set of MNIST's form, not gzipped."""
    return write_set(tmp_path / "clothes")


def test_gzipped_or_not_the_data_and_their_digest_are_the_same(clothes: Path) -> None:
    plain = data.load_dataset(clothes)
    for file in list(clothes.iterdir()):
        file.with_name(f"{file.name}.gz").write_bytes(gzip.compress(file.read_bytes()))
        file.unlink()
    zipped = data.load_dataset(clothes)
    assert zipped.digest == plain.digest
    assert np.array_equal(zipped.train.images, plain.train.images)


@pytest.mark.parametrize("name", ["emnist-digits-", "emnist-mnist-"])
def test_emnist_is_read_and_brought_upright(tmp_path: Path, clothes: Path, name: str) -> None:
    """Its files hold each image column by column."""
    upright, read = (
        data.load_dataset(clothes),
        data.load_dataset(write_set(tmp_path / "emnist", name)),
    )
    assert read.digest == upright.digest
    assert read.name == "emnist"
    bar = read.test.images[0].reshape(28, 28) > 100
    assert bar[5, 4:24].all(), "a bar from left to right"
    assert not bar[10:].any()


@pytest.mark.parametrize(
    ("name", "labels", "told"),
    [("emnist-letters-", range(1, 27), 26), ("emnist-balanced-", range(47), 46)],
)
def test_emnist_with_letters_is_refused(
    tmp_path: Path, name: str, labels: range, told: int
) -> None:
    images, _ = draw(len(labels))
    for part in ("train", "test"):
        write_idx(tmp_path / f"{name}{part}-images-idx3-ubyte", images)
        write_idx(tmp_path / f"{name}{part}-labels-idx1-ubyte", np.array(labels, np.uint8))
    with pytest.raises(
        DataError, match=rf"{name}train-labels-idx1-ubyte holds the label {told}; .* 0 to 9"
    ):
        data.load_dataset(tmp_path)


def test_half_of_a_set_is_refused_by_the_name_of_what_is_missing(tmp_path: Path) -> None:
    write_set(tmp_path, "emnist-digits-")
    (tmp_path / "emnist-digits-test-labels-idx1-ubyte").unlink()
    with pytest.raises(DataError, match=r"emnist-digits-test-labels-idx1-ubyte\.gz is miss"):
        data.load_dataset(tmp_path)


def cut(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-1])


def lengthen(file: Path) -> None:
    file.write_bytes(file.read_bytes() + b"\0")


def empty(file: Path) -> None:
    file.write_bytes(b"")


def swap_for_text(file: Path) -> None:
    file.write_text("these are no digits")


def promise(file: Path, count: int) -> None:
    file.write_bytes(file.read_bytes()[:4] + struct.pack(">I", count) + file.read_bytes()[8:])


def promise_more(file: Path) -> None:
    promise(file, MAX_IMAGES)


def promise_too_much(file: Path) -> None:
    promise(file, 2**32 - 1)


def turn_into_bad_gzip(file: Path) -> None:
    packed = gzip.compress(file.read_bytes())
    file.with_name(f"{file.name}.gz").write_bytes(packed[: len(packed) // 2])


@pytest.mark.parametrize(
    "harm",
    [
        cut, lengthen, empty, swap_for_text, promise_more, promise_too_much, turn_into_bad_gzip,
        Path.unlink,
    ],
)  # fmt: skip
@pytest.mark.parametrize("name", ["train-images-idx3-ubyte", "t10k-labels-idx1-ubyte"])
def test_a_damaged_file_is_refused_by_name(
    clothes: Path, name: str, harm: Callable[[Path], None]
) -> None:
    harm(clothes / name)
    with pytest.raises(DataError, match=name) as refusal:
        data.load_dataset(clothes)
    assert "\n" not in str(refusal.value)


def test_of_a_small_file_that_unpacks_to_much_only_what_is_due_is_read(clothes: Path) -> None:
    """Many megabytes of zeros in some hundred kilobytes, behind the header of ten images."""
    file = clothes / "t10k-images-idx3-ubyte"
    header = file.read_bytes()[:16]
    file.unlink()
    with gzip.open(clothes / f"{file.name}.gz", "wb", compresslevel=1) as packed:
        packed.write(header)
        for _ in range(64):
            packed.write(bytes(2**20))
    tracemalloc.start()
    try:
        with pytest.raises(DataError, match=r"should hold 7840 bytes .* and holds more"):
            data.load_dataset(clothes)
        assert tracemalloc.get_traced_memory()[1] < 8 * 2**20
    finally:
        tracemalloc.stop()


def test_labels_beyond_nine_are_refused(clothes: Path) -> None:
    write_idx(clothes / "t10k-labels-idx1-ubyte", np.arange(1, 11, dtype=np.uint8))
    with pytest.raises(DataError, match=r"t10k-labels-idx1-ubyte holds the label 10"):
        data.load_dataset(clothes)


def test_images_of_another_size_are_refused(clothes: Path) -> None:
    write_idx(clothes / "t10k-images-idx3-ubyte", np.zeros((10, 14, 56), np.uint8))
    with pytest.raises(DataError, match=r"t10k-images-idx3-ubyte holds .* 14 x 56"):
        data.load_dataset(clothes)


def test_labels_that_do_not_match_the_images_in_number_are_refused(clothes: Path) -> None:
    write_idx(clothes / "t10k-labels-idx1-ubyte", np.zeros(9, np.uint8))
    with pytest.raises(DataError, match=r"9 labels for the 10 images"):
        data.load_dataset(clothes)


@pytest.mark.parametrize("part", ["train", "t10k"])
def test_files_without_images_are_refused(clothes: Path, part: str) -> None:
    write_idx(clothes / f"{part}-images-idx3-ubyte", np.zeros((0, 28, 28), np.uint8))
    write_idx(clothes / f"{part}-labels-idx1-ubyte", np.zeros(0, np.uint8))
    with pytest.raises(DataError, match="holds no images"):
        data.load_dataset(clothes)
