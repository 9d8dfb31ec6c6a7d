from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mnist_api.settings import read_settings
from mnist_score.inputs import find_readers
from mnist_score.locations import open_location
from mnist_score.manifest import Part, plan
from mnist_score.model import find_version, load_version
from mnist_score.output import Output
from mnist_score.progress import Progress
from mnist_score.scorer import Scorer
from support.stacks.scoring import Scoring


@pytest.fixture
def scorer(tmp_path: Path, linear: Path, digits: np.ndarray) -> Scorer:
    """Return what scores parts of a table of 300 images in row groups of 100."""
    write(tmp_path / "a.parquet", digits, 100)
    folder = open_location(str(tmp_path / "output"))
    readers = find_readers([open_location(str(tmp_path / "a.parquet"))], folder)
    settings = read_settings({"MODEL_FILE": str(linear)})
    loaded = load_version(settings, find_version(settings))
    return Scorer(readers, loaded, Output(folder), Progress(300))


def write(path: Path, digits: np.ndarray, group: int) -> None:
    table = pa.table({"image": pa.array(digits[:300].tolist(), pa.list_(pa.uint8()))})
    pq.write_table(table, path, row_group_size=group)


@pytest.mark.parametrize("group", [50, 200])
def test_a_table_that_is_rewritten_while_it_is_read_fails_its_parts(
    group: int, scorer: Scorer, tmp_path: Path, digits: np.ndarray
) -> None:
    parts = plan(scorer.loaded.version, scorer.readers, 100).parts
    write(tmp_path / "a.parquet", digits, group)
    scorer.run(enumerate(parts))
    assert scorer.failed.keys() == {0, 1, 2}
    assert all("has changed while it was read" in reason for reason in scorer.failed.values())


def test_a_part_of_more_or_fewer_images_than_are_read_has_no_predictions(scorer: Scorer) -> None:
    scorer.run(enumerate([Part(0, 0, 150), Part(0, 50, 99), Part(0, 100, 100)]))
    assert scorer.failed.keys() == {0, 1}


def test_any_worker_may_be_the_first_that_finds_a_file_repaired(
    scoring: Scoring, digits: np.ndarray
) -> None:
    images = digits[:200] / np.float32(255)
    path = scoring.save(np.concatenate([images[:100], images[100:] + 1]))
    arguments = (path, "--part-images=100", "--workers=2")
    scoring.run(*arguments, "--worker=0")
    scoring.run(*arguments, "--worker=1", code=3)
    scoring.save(images)
    scoring.run(*arguments, "--worker=1")
    scoring.run(*arguments, "--worker=0")
    assert scoring.read()["index"].to_pylist() == [*range(200)]


def test_what_is_left_of_failures_when_the_rest_was_removed_is_no_hindrance(
    scoring: Scoring,
) -> None:
    (scoring.output / "_failed").mkdir(parents=True)
    (scoring.output / "_failed" / "part-000007.json").write_text("{}")
    scoring.run(scoring.save(np.zeros((9, 784), np.uint8)))
    assert len(scoring.parts()) == 1
