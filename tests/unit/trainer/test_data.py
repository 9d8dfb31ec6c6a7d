"""A data set: where it is found, how it is split, and what is refused whatever its form."""

import gzip
import shutil
from pathlib import Path

import numpy as np
import pytest

from mnist_trainer.data import dataset as data
from mnist_trainer.errors import DataError
from support.trainer.example_datasets import draw, write_idx, write_set


def write_npz(file: Path, train: int = 24, labels: np.ndarray | None = None) -> Path:
    """Write an archive of Keras' form, its training labels ``labels``."""
    (x_train, y_train), (x_test, y_test) = draw(train), draw(10, seed=1)
    y_train = y_train if labels is None else labels
    np.savez(file, x_train=x_train, y_train=y_train, x_test=x_test, y_test=y_test)
    return file


def test_the_shipped_digits_are_split_in_55000_5000_and_10000() -> None:
    digits = data.load_dataset(data.SHIPPED)
    sizes = [len(part) for part in (digits.train, digits.validation, digits.test)]
    assert sizes == [55_000, 5_000, 10_000]
    assert digits.name == "mnist"
    assert digits.train.images.shape == (55_000, 784)
    assert digits.train.labels[:5].tolist() == [5, 0, 4, 1, 9]  # as printed in many a book
    assert digits.test.labels[:5].tolist() == [7, 2, 1, 0, 4]


def test_mnist_is_known_in_any_form_and_under_any_name(tmp_path: Path) -> None:
    """And read from Keras' archive, it is split as from its four files."""
    shipped = data.load_dataset(data.SHIPPED)
    images, labels = (
        np.concatenate([getattr(shipped.train, what), getattr(shipped.validation, what)])
        for what in ("images", "labels")
    )
    file = tmp_path / "digits.npz"
    np.savez(
        file,
        x_train=images.reshape(-1, 28, 28),
        y_train=labels,
        x_test=shipped.test.images,
        y_test=shipped.test.labels,
    )
    read = data.load_dataset(file)
    assert (read.name, read.digest) == ("mnist", shipped.digest)
    assert np.array_equal(read.validation.images, shipped.validation.images)


@pytest.mark.parametrize("form", ["four files", "an archive in a folder", "an archive"])
def test_data_have_the_name_of_their_folder_or_file(tmp_path: Path, form: str) -> None:
    folder = tmp_path / "some.clothes"
    folder.mkdir()
    if form == "four files":
        read = data.load_dataset(write_set(folder))
    else:
        file = write_npz(folder / "fashion.v2.npz")
        (folder / "._fashion.v2.npz").write_bytes(b"left by a file manager")
        (folder / "README.md").write_text("Clothes")
        read = data.load_dataset(file if form == "an archive" else folder)
    assert read.name == ("fashion.v2" if form == "an archive" else "some.clothes")
    assert [len(part) for part in (read.train, read.validation, read.test)] == [22, 2, 10]


def test_the_form_changes_neither_images_nor_digest(tmp_path: Path) -> None:
    files, archive = (
        data.load_dataset(write_set(tmp_path)),
        data.load_dataset(write_npz(tmp_path / "x.npz")),
    )
    assert files.digest == archive.digest
    assert np.array_equal(files.train.images, archive.train.images)


def test_pixels_are_between_0_and_1(tmp_path: Path) -> None:
    images = np.arange(10 * 784).reshape(10, 28, 28).astype(np.uint8)
    write_idx(write_set(tmp_path) / "t10k-images-idx3-ubyte", images)
    pixels = data.load_dataset(tmp_path).test.pixels()
    assert pixels.dtype == np.float32
    assert (pixels.min(), pixels.max()) == (0, 1)


def test_images_sorted_by_label_are_mixed_before_they_are_split(tmp_path: Path) -> None:
    """Else the last twelfth, which validates, would be of one class that was hardly trained."""
    images, labels = draw(600)
    order = np.argsort(labels, kind="stable")
    np.savez(
        tmp_path / "sorted.npz",
        x_train=images[order],
        y_train=labels[order],
        x_test=images[:10],
        y_test=labels[:10],
    )
    first, again = data.load_dataset(tmp_path), data.load_dataset(tmp_path)
    assert set(first.validation.labels) == set(range(10))
    assert np.array_equal(first.train.images, again.train.images)
    bars = first.train.images.reshape(-1, 28, 28)[:, :, 10].argmax(axis=1)
    assert (abs(bars - (2 * first.train.labels + 5)) <= 1).all(), "each image keeps its label"


def test_images_in_no_order_stay_in_their_order(tmp_path: Path) -> None:
    images, _ = draw(600)
    read = data.load_dataset(write_npz(tmp_path / "x.npz", train=600))
    assert np.array_equal(read.train.images, images[:550].reshape(-1, 784))


def test_two_classes_are_enough_and_one_is_refused(tmp_path: Path) -> None:
    two, one = np.arange(36) % 2, np.zeros(36, np.int64)
    assert len(data.load_dataset(write_npz(tmp_path / "two.npz", 36, two)).validation) == 3
    with pytest.raises(DataError, match=r"one\.npz holds training images of one class"):
        data.load_dataset(write_npz(tmp_path / "one.npz", 36, one))


def test_fewer_than_twelve_training_images_are_refused(tmp_path: Path) -> None:
    assert len(data.load_dataset(write_npz(tmp_path / "a.npz", 12)).train) == 11
    with pytest.raises(DataError, match="holds 11 training images, and at least 12"):
        data.load_dataset(write_npz(tmp_path / "a.npz", 11))


@pytest.mark.parametrize(
    ("sets", "said"),
    [
        (["", "emnist-digits-"], r"2 data sets \(train-images-idx3-ubyte, emnist-digits\)"),
        (["emnist-digits-", "emnist-letters-"], r"2 data sets \(emnist-digits, emnist-letters\)"),
        (["a.npz", "b.npz"], r"2 data sets \(a\.npz, b\.npz\)"),
        (["", "a.npz"], r"2 data sets \(a\.npz, train-images-idx3-ubyte\)"),
    ],
)
def test_a_folder_with_more_than_one_data_set_is_refused(
    tmp_path: Path, sets: list[str], said: str
) -> None:
    for each in sets:
        if each.endswith(".npz"):
            write_npz(tmp_path / each)
        else:
            write_set(tmp_path, each)
    with pytest.raises(DataError, match=said):
        data.load_dataset(tmp_path)


def test_a_place_without_data_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"images-idx3-ubyte\.gz is missing.* or one \.npz"):
        data.load_dataset(tmp_path)
    with pytest.raises(DataError, match=r"DATA_DIR is .*nowhere, .* No such file"):
        data.load_dataset(tmp_path / "nowhere")
    (tmp_path / "data.csv").write_text("1,2,3")
    with pytest.raises(DataError, match=r"data\.csv is no \.npz file"):
        data.load_dataset(tmp_path / "data.csv")


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
    assert data.load_dataset(copy).name == "data"  # elsewhere it is data like any other
    monkeypatch.setattr(data, "SHIPPED", copy)
    with pytest.raises(DataError, match=r"t10k-labels-idx1-ubyte\.gz is not the file"):
        data.load_dataset(copy)
