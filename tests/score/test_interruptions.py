import json
import signal
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mnist_api.model.version import Version
from mnist_score.locations import open_location
from mnist_score.manifest import Manifest
from mnist_score.output import Output
from support.networks.dense import digit_network
from support.processes import wait_until
from support.registered_model import RegisteredModel
from support.stacks.scoring import Scoring

IMAGES, PART = 100_000, 100


@pytest.fixture
def started(scoring: Scoring, digits: np.ndarray) -> subprocess.Popen[str]:
    """Start a run of a thousand parts, and return it when some of them are there."""
    path = scoring.save(np.tile(digits, (IMAGES // len(digits), 1)))
    process = scoring.start(path, f"--part-images={PART}")
    wait_until(lambda: len(scoring.parts()) >= 5)
    return process


def assert_complete(scoring: Scoring) -> None:
    assert scoring.read()["index"].to_pylist() == [*range(IMAGES)]
    left = [path for path in scoring.output.rglob("*") if path.name.startswith(".")]
    assert not left


def test_a_killed_run_is_finished_by_the_next_one_with_nothing_lost_or_double(
    scoring: Scoring, started: subprocess.Popen[str]
) -> None:
    started.kill()
    started.wait()
    before = {path: path.stat().st_mtime_ns for path in scoring.parts()}
    assert len(before) < IMAGES // PART
    (scoring.output / ".part-000999.parquet.0123").write_text("of a process killed while it wrote")
    scoring.run(scoring.folder / "images.npy")
    assert_complete(scoring)
    assert before.items() <= {path: path.stat().st_mtime_ns for path in scoring.parts()}.items()


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_a_run_with_one_line_and_whole_parts(
    number: signal.Signals, code: int, scoring: Scoring, started: subprocess.Popen[str]
) -> None:
    started.send_signal(number)
    _, errors = started.communicate(timeout=20)
    assert started.returncode == code
    assert errors == f"Stopped by {number.name}: the same command goes on where it was.\n"
    parts = scoring.parts()
    assert len(parts) < IMAGES // PART
    assert scoring.read().num_rows == len(parts) * PART


def test_a_signal_while_libraries_are_loaded_ends_it_in_the_same_way(scoring: Scoring) -> None:
    process = scoring.start(scoring.save(np.zeros((9, 784), np.uint8)))
    maps = Path(f"/proc/{process.pid}/maps")
    wait_until(lambda: "_multiarray_umath" in maps.read_text())
    process.send_signal(signal.SIGINT)
    output, errors = process.communicate(timeout=20)
    assert (process.returncode, output) == (130, "")
    assert errors == "Stopped by SIGINT: the same command goes on where it was.\n"


def test_of_many_manifests_created_at_once_one_is_there_and_all_get_it(tmp_path: Path) -> None:
    output = Output(open_location(str(tmp_path / "output")))
    versions = [Version("digits", str(number), None, None, None) for number in range(50)]
    with ThreadPoolExecutor(16) as pool:
        got = list(pool.map(lambda one: output.create_manifest(Manifest(one, [], 1, [])), versions))
    assert {each.version for each in got} == {output.read_manifest().version}
    assert [path.name for path in (tmp_path / "output").iterdir()] == ["_manifest.json"]


def test_two_workers_share_the_parts_and_the_second_waits_for_the_manifest(
    scoring: Scoring, digits: np.ndarray
) -> None:
    path = scoring.save(digits)
    arguments = (path, f"--part-images={PART}", "--workers=2")
    second = scoring.start(*arguments, JOB_COMPLETION_INDEX="1")
    assert second.stdout is not None
    assert second.stdout.readline() == "Waiting for the manifest of worker 0.\n"
    first = scoring.run(*arguments)
    output, errors = second.communicate(timeout=20)
    assert second.returncode == 0, output + errors
    assert "50 of 100 parts" in first
    assert "50 of 100 parts" in output
    assert scoring.read()["index"].to_pylist() == [*range(len(digits))]


def test_the_version_is_that_of_the_first_run_when_the_alias_has_moved(
    scoring: Scoring, model: RegisteredModel, digits: np.ndarray
) -> None:
    scoring.settings = {**model.settings(), "MODEL_CACHE": scoring.settings["MODEL_CACHE"]}
    version = model.register(digit_network(3))
    arguments = (scoring.save(digits), f"--part-images={PART}", "--workers=2")
    scoring.run(*arguments, "--worker=0")
    model.register(digit_network(4))
    scoring.run(*arguments, "--worker=1")
    table = scoring.read()
    assert table.num_rows == len(digits)
    assert set(table["version"].to_pylist()) == {version}
    assert set(table["prediction"].to_pylist()) == {3}
    assert (
        json.loads((scoring.output / "_manifest.json").read_bytes())["version"]["version"]
        == version
    )


def test_a_damaged_part_is_set_aside_and_done_when_its_file_is_repaired(
    scoring: Scoring, digits: np.ndarray
) -> None:
    images = digits[:1000] / np.float32(255)
    damaged = images.copy()
    damaged[950] = 1.5
    path = scoring.save(damaged)
    printed = scoring.run(path, "--part-images=100", code=3)
    assert f"Part 9 is set aside: {path}, in the images from 900 on: Pixel 0 of image 50" in printed
    assert len(scoring.parts()) == 9
    failure = json.loads((scoring.output / "_failed" / "part-000009.json").read_bytes())
    assert failure["reason"] in printed
    assert "1 of 10 parts" in scoring.run(path, code=3)  # tried again
    scoring.save(images)
    assert "1 of 10 parts" in scoring.run(path)
    assert scoring.read()["index"].to_pylist() == [*range(1000)]
    assert not list((scoring.output / "_failed").iterdir())
    assert "0 of 10 parts" in scoring.run(path)


def test_a_damaged_page_of_a_table_fails_its_part_alone(
    scoring: Scoring, digits: np.ndarray
) -> None:
    path = scoring.folder / "images.parquet"
    table = pa.table(
        {"image": pa.FixedSizeListArray.from_arrays(pa.array(digits.reshape(-1)), 784)}
    )
    pq.write_table(table, path, row_group_size=1000, write_page_checksum=True)
    column = pq.ParquetFile(path).metadata.row_group(4).column(0)
    content = bytearray(path.read_bytes())
    content[column.data_page_offset + column.total_compressed_size // 2] ^= 1
    path.write_bytes(content)
    assert "Part 4 is set aside" in scoring.run(path, "--part-images=1000", code=3)
    assert len(scoring.parts()) == 9


def test_a_part_that_was_written_does_not_count_as_failed(
    scoring: Scoring, digits: np.ndarray
) -> None:
    path = scoring.save(digits)
    scoring.run(path)
    left = scoring.output / "_failed" / "part-000000.json"  # killed before this was removed
    left.parent.mkdir()
    left.write_text("{}")
    scoring.run(path)
    assert not left.exists()
