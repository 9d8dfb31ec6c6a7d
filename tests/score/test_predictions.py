import io
import re
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from onnxruntime import InferenceSession
from PIL import Image

from support.stacks.scoring import Scoring

COUNT = 300


@pytest.fixture(scope="module")
def expected(linear: Path, digits: np.ndarray) -> np.ndarray:
    """Return what ONNX Runtime itself says to the first images."""
    session = InferenceSession(linear)
    images = digits[:COUNT].astype(np.float32) / np.float32(255)
    return session.run(None, {session.get_inputs()[0].name: images})[0]


def encode(image: np.ndarray) -> bytes:
    file = io.BytesIO()
    Image.fromarray(image.reshape(28, 28)).save(file, "PNG")
    return file.getvalue()


def write_table(scoring: Scoring, **columns: pa.Array) -> Path:
    path = scoring.folder / "images.parquet"
    pq.write_table(pa.table(columns), path, row_group_size=70)
    return path


def save_bytes(scoring: Scoring, images: np.ndarray) -> Path:
    return scoring.save(images)


def save_floats(scoring: Scoring, images: np.ndarray) -> Path:
    return scoring.save(images.reshape(-1, 28, 28) / np.float32(255))


def save_big_endian(scoring: Scoring, images: np.ndarray) -> Path:
    return scoring.save((images / np.float32(255)).astype(">f4"))


def save_lists(scoring: Scoring, images: np.ndarray) -> Path:
    return write_table(scoring, label=pa.array([0] * len(images)), pixels=pa.array(images.tolist()))


def save_rows_of_rows(scoring: Scoring, images: np.ndarray) -> Path:
    rows = pa.FixedSizeListArray.from_arrays(pa.array(images.reshape(-1)), 28)
    return write_table(scoring, pixels=pa.FixedSizeListArray.from_arrays(rows, 28))


@pytest.mark.parametrize(
    "save", [save_bytes, save_floats, save_big_endian, save_lists, save_rows_of_rows]
)
def test_every_format_gives_what_the_engine_says(
    save, scoring: Scoring, digits: np.ndarray, expected: np.ndarray
) -> None:
    path = save(scoring, digits[:COUNT])
    printed = scoring.run(path, "--part-images=128")
    assert re.search(r"300 of 300 images \(100%\), [\d,]+ images/s, time left 0:00:00", printed)
    table = scoring.read()
    probabilities = np.stack(table["probabilities"].to_numpy())
    np.testing.assert_allclose(probabilities, expected, atol=1e-6)
    assert table["prediction"].to_pylist() == probabilities.argmax(1).tolist()
    assert table["confidence"].to_pylist() == probabilities.max(1).tolist()
    assert table["index"].to_pylist() == [*range(COUNT)]
    assert set(table["source"].to_pylist()) == {str(path)}
    assert set(table["version"].to_pylist()) == {"file"}
    assert table["error"].null_count == COUNT
    assert table["probabilities"].type == pa.list_(pa.float32(), 10)


def test_pictures_in_a_column_are_read_as_the_images_they_show(
    scoring: Scoring, digits: np.ndarray, expected: np.ndarray
) -> None:
    pictures = [{"path": None, "bytes": encode(image)} for image in digits[:30]]
    scoring.run(write_table(scoring, image=pa.array([*pictures, None])))
    table = scoring.read()
    probabilities = np.stack(table["probabilities"][:30].to_numpy())
    np.testing.assert_allclose(probabilities, expected[:30], atol=1e-6)
    assert table["prediction"][30].as_py() is None
    assert table["error"].null_count == 30


def test_a_picture_without_a_digit_has_an_error_and_the_others_have_predictions(
    scoring: Scoring, digits: np.ndarray, expected: np.ndarray
) -> None:
    folder = scoring.folder / "pictures"
    (folder / "more").mkdir(parents=True)
    (folder / "a.png").write_bytes(encode(digits[0]))
    (folder / "b.png").write_bytes(encode(np.zeros(784, np.uint8)))
    (folder / "more" / "c.PNG").write_bytes(encode(digits[1]))
    (folder / "notes.txt").write_text("no picture")
    printed = scoring.run(folder)
    rows = scoring.read().to_pylist()
    assert [row["source"] for row in rows] == [
        str(folder / n) for n in ("a.png", "b.png", "more/c.PNG")
    ]
    assert [row["index"] for row in rows] == [0, 0, 0]
    assert [row["prediction"] for row in rows] == [
        expected[0].argmax(),
        None,
        expected[1].argmax(),
    ]
    assert rows[1]["confidence"] is rows[0]["error"] is None
    assert rows[1]["probabilities"] == [None] * 10
    assert "digit" in rows[1]["error"]
    assert "Pictures without a prediction: 1." in printed
