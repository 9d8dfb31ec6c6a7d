"""Numpy's archives: which arrays are taken, and what is refused by file and key."""

import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.lib import format as npy

from mnist_trainer.data import dataset as data
from mnist_trainer.errors import DataError
from support.trainer.example_datasets import draw


@pytest.fixture
def arrays() -> dict[str, np.ndarray]:
    """What an archive of Keras' form holds, small."""
    (x_train, y_train), (x_test, y_test) = draw(24), draw(10, seed=1)
    return {"x_train": x_train, "y_train": y_train, "x_test": x_test, "y_test": y_test}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "clothes.npz"


def refused(file: Path, message: str) -> None:
    with pytest.raises(DataError, match=message) as refusal:
        data.load_dataset(file)
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize(
    "form",
    [
        pytest.param(lambda images: images, id="bytes [n, 28, 28]"),
        pytest.param(lambda images: images.reshape(-1, 784), id="bytes [n, 784]"),
        pytest.param(lambda images: images[..., None], id="bytes [n, 28, 28, 1]"),
        pytest.param(np.asfortranarray, id="column by column"),
        pytest.param(lambda images: (images / 255).astype(np.float32), id="float32"),
        pytest.param(lambda images: images / 255, id="float64"),
        pytest.param(lambda images: (images / 255).astype(np.float16), id="float16"),
        pytest.param(lambda images: (images / 255).astype(">f4"), id="float32, big-endian"),
    ],
)
@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_every_usual_form_of_images_is_the_same_data(
    arrays: dict[str, np.ndarray],
    file: Path,
    form: Callable[[np.ndarray], np.ndarray],
    save: Callable[..., None],
) -> None:
    np.savez(file, **arrays)
    digest = data.load_dataset(file).digest
    images = {key: form(arrays[key]) for key in ("x_train", "x_test")}
    labels = {key: arrays[key].astype(np.int64) for key in ("y_train", "y_test")}
    save(file, **images, **labels, names=np.array(["ignored"]))
    assert data.load_dataset(file).digest == digest


def test_of_images_and_labels_alone_a_seventh_of_every_sort_is_for_the_test(file: Path) -> None:
    """Sorted by label as they are, and the same ones every time."""
    images, labels = draw(700)
    order = np.argsort(labels, kind="stable")
    np.savez(file, images=images[order], labels=labels[order])
    read, again = data.load_dataset(file), data.load_dataset(file)
    assert [len(part) for part in (read.train, read.validation, read.test)] == [550, 50, 100]
    for part in (read.train, read.validation, read.test):
        assert set(part.labels) == set(range(10))
    assert (read.digest, read.test.labels.tolist()) == (again.digest, again.test.labels.tolist())
    parts = [each.images for each in (read.train, read.validation, read.test)]
    assert len(np.unique(np.concatenate(parts), axis=0)) == 700, "no image is in two parts"


@pytest.mark.parametrize(
    ("key", "change", "message"),
    [
        ("x_train", lambda x: x[:, :14], r"has the shape \(24, 14, 28\); needed are .* 28 x 28"),
        ("x_test", lambda x: np.repeat(x[..., None], 3, 3), r"has the shape \(10, 28, 28, 3\)"),
        ("x_train", lambda x: np.array(7, np.uint8), r"has the shape \(\)"),
        ("x_train", lambda x: x.astype(np.int64), r"holds int64; images are bytes \(uint8\), or"),
        ("x_train", lambda x: x > 9, "holds bool; images are bytes"),
        (
            "x_train",
            lambda x: x.astype(np.float32),
            r"holds values from 0 to 209; .* floats of 0 to 1",
        ),
        ("x_test", lambda x: x / 127.5 - 1, "holds values from -1 to"),
        ("x_test", lambda x: np.where(x > 100, np.nan, 0.5), "holds values from nan to nan"),
        ("x_train", lambda x: x.astype(object), "holds object; images are bytes"),
        ("y_train", lambda y: y.astype(object), "holds object; labels are whole numbers, 0 to 9"),
        ("y_train", lambda y: np.eye(10)[y], r"has the shape \(24, 10\); .* one-hot"),
        ("y_test", lambda y: y.astype(np.float32), "holds float32; labels are whole numbers"),
        ("y_test", lambda y: y.astype(str), "holds <U3; labels are whole numbers"),
        ("y_test", lambda y: y.astype(int) - 1, "holds the label -1; labels are 0 to 9"),
        ("y_train", lambda y: y.astype(int) + 256, "holds the label 256; labels are 0 to 9"),
        ("y_train", lambda y: y[:-1], "holds 23 labels for the 24 images"),
    ],
)
def test_an_array_of_another_form_is_refused_by_file_and_key(
    arrays: dict[str, np.ndarray],
    file: Path,
    key: str,
    change: Callable[[np.ndarray], np.ndarray],
    message: str,
) -> None:
    np.savez(file, **(arrays | {key: change(arrays[key])}))
    refused(file, rf"^{key} in .*clothes\.npz {message}")


@pytest.mark.parametrize("part", ["train", "test"])
@pytest.mark.parametrize("kind", [np.uint8, np.float32])
def test_empty_arrays_are_refused(
    arrays: dict[str, np.ndarray], file: Path, part: str, kind: type
) -> None:
    nothing = {f"x_{part}": np.zeros((0, 28, 28), kind), f"y_{part}": np.zeros(0, np.uint8)}
    np.savez(file, **(arrays | nothing))
    refused(file, rf"x_{part} in .* holds no images")


@pytest.mark.parametrize(
    "keys", [["x_train", "y_train"], [], ["a\nb"], ["x_train", "y_train", "x_test", "labels"]]
)
def test_an_archive_of_other_arrays_is_refused_with_what_is_needed(
    arrays: dict[str, np.ndarray], file: Path, keys: list[str]
) -> None:
    np.savez(file, **{key: arrays.get(key, arrays["y_train"]) for key in keys})
    refused(file, r"clothes\.npz holds .*; needed are either x_train, .* or images and labels")


def test_damaged_archives_are_refused_and_never_crash(
    arrays: dict[str, np.ndarray], file: Path
) -> None:
    """Cut at many places, and with bytes overwritten; what is still whole may be read."""
    np.savez(file, **arrays)
    whole, drawn = file.read_bytes(), np.random.default_rng(0)
    for end in range(0, len(whole), len(whole) // 50):
        file.write_bytes(whole[:end])
        refused(file, "clothes")
    heads = [whole.find(mark) for mark in (b"PK\1\2", b"PK\3\4", b"PK\5\6", b"\x93NUMPY")]
    for head in heads:
        for _ in range(200):
            spoilt = bytearray(whole)
            spoilt[min(head + drawn.integers(120), len(whole) - 1)] = drawn.integers(256)
            file.write_bytes(spoilt)
            try:
                data.load_dataset(file)
            except DataError as error:
                assert "clothes" in str(error)  # noqa: PT017 - not every one of them has to fail


@pytest.mark.parametrize(
    ("shape", "message"),
    [((2_000_000_000, 784), "declares 2,000,000,000 images"), ((900_000, 784), "is damaged")],
)
def test_a_header_that_promises_more_than_there_is_fills_no_memory(
    arrays: dict[str, np.ndarray], file: Path, shape: tuple[int, ...], message: str
) -> None:
    np.savez(file, y_train=arrays["y_train"], x_test=arrays["x_test"], y_test=arrays["y_test"])
    with zipfile.ZipFile(file, "a") as archive, archive.open("x_train.npy", "w") as stream:
        npy.write_array_header_1_0(stream, {"descr": "|u1", "fortran_order": False, "shape": shape})
    refused(file, rf"^x_train in .*clothes\.npz {message}")
