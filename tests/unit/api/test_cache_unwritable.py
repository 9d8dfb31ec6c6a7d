"""A cache folder that can't be written: models are used all the same, and a warning is logged."""

import logging
from pathlib import Path

import pytest

from mnist_api.registry.cache import Cache
from support.model_source import CONTENT, VERSION, Source


def test_without_a_folder_a_model_is_used_and_its_trial_kept_in_memory(
    tmp_path: Path, source: Source, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "digits").write_text("a file where the folder should be")
    cache = Cache(tmp_path, "digits")
    assert cache.versions() == []
    assert source.obtain(cache) == CONTENT
    assert source.obtain(cache) == CONTENT
    assert source.counts() == (2, 1)
    assert cache.record_active(VERSION).tzinfo is not None
    assert cache.last_active() is None
    assert [(one.levelno, one.getMessage()) for one in caplog.records] == [
        (
            logging.WARNING,
            f"The cache folder {tmp_path / 'digits'} can't be written (File exists): models are "
            "kept in memory only, and the next start needs the registry.",
        )
    ]


def test_a_model_whose_folder_cannot_be_made_is_used(
    cache: Cache, source: Source, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "digits").mkdir()
    (tmp_path / "digits" / "1").touch()
    assert source.obtain(cache) == source.obtain(cache) == CONTENT
    assert source.counts() == (2, 1)
    assert [one.args[1] for one in caplog.records if one.args] == ["File exists"]


@pytest.mark.parametrize("name", ["in-service.json", "trials.json"])
def test_a_file_that_cannot_be_written_is_warned_about_once(
    cache: Cache, source: Source, tmp_path: Path, caplog: pytest.LogCaptureFixture, name: str
) -> None:
    (tmp_path / "digits" / name).mkdir(parents=True)
    for _ in range(2):
        assert source.obtain(cache) == CONTENT
        assert cache.record_active(VERSION)
    assert [one.args[1] for one in caplog.records if one.args] == ["Is a directory"]
