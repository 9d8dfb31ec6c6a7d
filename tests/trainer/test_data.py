"""The data: what is read, how it is split, and what is refused in one sentence."""

import gzip
import shutil
import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from mnist_trainer import data

COUNTS = {"train": 24, "t10k": 10}


def write(folder: Path, name: str, magic: int, shape: tuple[int, ...], payload: bytes) -> None:
    header = struct.pack(f">{1 + len(shape)}I", magic, *shape)
    (folder / name).write_bytes(header + payload)


@pytest.fixture
def clothes(tmp_path: Path) -> Path:
    """A small data set of MNIST's form, not gzipped."""
    folder = tmp_path / "clothes"
    folder.mkdir()
    drawn = np.random.default_rng(0)
    for part, count in COUNTS.items():
        pixels = drawn.integers(0, 256, (count, 28, 28), np.uint8)
        labels = (np.arange(count) % 10).astype(np.uint8)
        write(folder, f"{part}-images-idx3-ubyte", 0x803, pixels.shape, pixels.tobytes())
        write(folder, f"{part}-labels-idx1-ubyte", 0x801, labels.shape, labels.tobytes())
    return folder


def test_the_shipped_digits_are_split_in_55000_5000_and_10000() -> None:
    digits = data.load(data.SHIPPED)
    sizes = [len(part) for part in (digits.train, digits.validation, digits.test)]
    assert sizes == [55_000, 5_000, 10_000]
    assert digits.name == "mnist"
    assert digits.train.images.shape == (55_000, 784)
    assert digits.train.labels[:5].tolist() == [5, 0, 4, 1, 9]  # as printed in many a book
    assert digits.test.labels[:5].tolist() == [7, 2, 1, 0, 4]


def test_other_data_of_the_same_form_are_read(clothes: Path) -> None:
    read = data.load(clothes)
    assert read.name == "clothes"
    assert [len(part) for part in (read.train, read.validation, read.test)] == [22, 2, 10]


def test_gzipped_or_not_the_data_and_their_digest_are_the_same(clothes: Path) -> None:
    plain = data.load(clothes)
    for file in list(clothes.iterdir()):
        file.with_name(f"{file.name}.gz").write_bytes(gzip.compress(file.read_bytes()))
        file.unlink()
    zipped = data.load(clothes)
    assert zipped.digest == plain.digest
    assert np.array_equal(zipped.train.images, plain.train.images)


def test_pixels_are_between_0_and_1(clothes: Path) -> None:
    pixels = data.load(clothes).test.pixels()
    assert pixels.dtype == np.float32
    assert (pixels.min(), pixels.max()) == (0, 1)


def cut(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-1])


def empty(file: Path) -> None:
    file.write_bytes(b"")


def swap_for_text(file: Path) -> None:
    file.write_text("these are no digits")


def promise_too_much(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:4] + b"\xff" * 4 + file.read_bytes()[8:])


def turn_into_bad_gzip(file: Path) -> None:
    packed = gzip.compress(file.read_bytes())
    file.with_name(f"{file.name}.gz").write_bytes(packed[: len(packed) // 2])


@pytest.mark.parametrize(
    "harm", [cut, empty, swap_for_text, promise_too_much, turn_into_bad_gzip, Path.unlink]
)
@pytest.mark.parametrize("name", ["train-images-idx3-ubyte", "t10k-labels-idx1-ubyte"])
def test_a_damaged_file_is_refused_by_name(
    clothes: Path, name: str, harm: Callable[[Path], None]
) -> None:
    harm(clothes / name)
    with pytest.raises(data.DataError, match=name) as refusal:
        data.load(clothes)
    assert "\n" not in str(refusal.value)


def test_labels_beyond_nine_are_refused(clothes: Path) -> None:
    write(clothes, "t10k-labels-idx1-ubyte", 0x801, (10,), bytes(range(1, 11)))
    with pytest.raises(data.DataError, match=r"t10k-labels-idx1-ubyte holds the label 10"):
        data.load(clothes)


def test_images_of_another_size_are_refused(clothes: Path) -> None:
    write(clothes, "t10k-images-idx3-ubyte", 0x803, (10, 14, 56), bytes(10 * 784))
    with pytest.raises(data.DataError, match=r"t10k-images-idx3-ubyte holds .* 14 x 56"):
        data.load(clothes)


def test_labels_that_do_not_match_the_images_in_number_are_refused(clothes: Path) -> None:
    write(clothes, "t10k-labels-idx1-ubyte", 0x801, (9,), bytes(9))
    with pytest.raises(data.DataError, match=r"9 labels for the 10 images"):
        data.load(clothes)


@pytest.mark.parametrize("part", ["train", "t10k"])
def test_files_without_images_are_refused(clothes: Path, part: str) -> None:
    write(clothes, f"{part}-images-idx3-ubyte", 0x803, (0, 28, 28), b"")
    write(clothes, f"{part}-labels-idx1-ubyte", 0x801, (0,), b"")
    with pytest.raises(data.DataError, match="holds no images"):
        data.load(clothes)


def test_a_shipped_file_that_is_another_one_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Even one that is whole and of the right form: the shipped digits are known by SHA-256."""
    copy = tmp_path / "data"
    shutil.copytree(data.SHIPPED, copy)
    labels = copy / "t10k-labels-idx1-ubyte.gz"
    swapped = bytearray(gzip.decompress(labels.read_bytes()))
    swapped[8], swapped[9] = swapped[9], swapped[8]
    labels.write_bytes(gzip.compress(bytes(swapped)))
    data.load(copy)  # elsewhere it is data like any other
    monkeypatch.setattr(data, "SHIPPED", copy)
    with pytest.raises(data.DataError, match=r"t10k-labels-idx1-ubyte\.gz is not the file"):
        data.load(copy)
