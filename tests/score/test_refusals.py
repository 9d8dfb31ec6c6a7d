import json
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
from support.networks.dense import digit_network
from support.stacks.scoring import Scoring


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


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("s3://KEY:SECRET@bucket/a", "set AWS_ACCESS_KEY_ID"),
        ("s3://", "names no bucket"),
        ("gs://bucket/a", "is neither a path nor s3://BUCKET/PREFIX"),
        ("", "is empty: name a path"),
        ("a\udcff.npy", "is not UTF-8: rename it"),
    ],
)
def test_an_address_that_is_none_is_refused_without_its_secret(text: str, sentence: str) -> None:
    with pytest.raises(ScoreError, match=sentence) as refused:
        open_location(text)
    assert "SECRET" not in str(refused.value).replace("AWS_SECRET_ACCESS_KEY", "")


def test_another_input_or_model_or_size_of_parts_is_refused_and_nothing_is_written(
    scoring: Scoring, tmp_path: Path
) -> None:
    path = scoring.save(BYTES)
    scoring.run(path)
    before = {each: each.stat().st_mtime_ns for each in scoring.output.iterdir()}
    (tmp_path / "three.onnx").write_bytes(digit_network(3))
    other = scoring.save(BYTES, "other.npy")
    assert "its inputs are others" in scoring.run(other, code=1)
    assert "its parts have 65536 images" in scoring.run(path, "--part-images=9", code=1)
    printed = scoring.run(path, code=1, MODEL_FILE=str(tmp_path / "three.onnx"))
    assert "its file's sha256 is" in printed
    scoring.save(BYTES + 1)
    assert f"{path} has changed since" in scoring.run(path, code=1)
    assert before == {each: each.stat().st_mtime_ns for each in scoring.output.iterdir()}


def test_numbers_out_of_range_fail_their_part_with_the_sentence_of_the_api(
    scoring: Scoring,
) -> None:
    images = np.zeros((5000, 784), np.float32)
    images[4098, 7] = 1.5
    path = scoring.save(images)
    printed = scoring.run(path, "--part-images=4999", code=3)
    assert f"{path}, in the images from 4096 on: Pixel 7 of image 2 is 1.5: give" in printed
    failed = json.loads((scoring.output / "_failed" / "part-000000.json").read_bytes())
    assert failed["images"] == 4999
    assert scoring.read().num_rows == 1


@pytest.mark.parametrize(
    ("arguments", "settings", "code", "sentence"),
    [
        (["--worker=2", "--workers=2"], {}, 2, "--worker 2 must be less than --workers 2"),
        (["--part-images=0"], {}, 2, "'0' is not a whole number from 1 on"),
        ([], {"JOB_COMPLETION_INDEX": "x"}, 2, "'x' is not a whole number from 0 on"),
        ([], {"MODEL_FILE": "nothing.onnx"}, 1, "MODEL_FILE is 'nothing.onnx'"),
        (
            [],
            {"MODEL_FILE": "", "MLFLOW_TRACKING_URI": "http://127.0.0.1:1"},
            1,
            "does not respond",
        ),
    ],
    ids=["worker", "part", "index", "file", "registry"],
)
def test_a_wrong_start_is_refused_in_a_sentence_and_writes_nothing(
    arguments: list[str], settings: dict[str, str], code: int, sentence: str, scoring: Scoring
) -> None:
    printed = scoring.run(scoring.save(BYTES), *arguments, code=code, **settings)
    assert sentence in printed
    assert "Traceback" not in printed
    assert not scoring.output.exists()


def test_an_output_that_is_no_folder_is_refused_in_a_line(scoring: Scoring) -> None:
    scoring.output.write_text("a file")
    assert str(scoring.output) in scoring.run(scoring.save(BYTES), code=1).splitlines()[-1]


def test_an_output_whose_manifest_is_damaged_or_lost_is_refused(scoring: Scoring) -> None:
    path = scoring.save(BYTES)
    scoring.run(path)
    manifest = scoring.output / "_manifest.json"
    content = manifest.read_text()
    manifest.write_text("{")
    assert "_manifest.json is damaged: choose another folder." in scoring.run(path, code=1)
    manifest.write_text(content.replace('"sources": [', '"sources": [], "more": ['))
    assert "_manifest.json is damaged: choose another folder." in scoring.run(path, code=1)
    manifest.unlink()
    assert "has parts, but no manifest: choose another folder." in scoring.run(path, code=1)
