import json
import resource
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from mnist_score.errors import ScoreError
from mnist_score.locations import open_location
from mnist_score.output import Output
from support.networks.dense import digit_network
from support.stacks.scoring import Scoring

BYTES = np.zeros((3, 784), np.uint8)


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


def test_a_full_disk_is_told_with_the_file_and_how_it_goes_on(tmp_path: Path) -> None:
    output = Output(open_location(str(tmp_path)))
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, limits[1]))
    try:
        with pytest.raises(OSError, match=r"part-000007\.parquet can't be written: .* goes on"):
            output.write_part(7, pa.table({"source": [*range(1000)]}))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert not list(tmp_path.iterdir())


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
