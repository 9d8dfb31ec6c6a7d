"""What the local stack refuses before it starts anything."""

from pathlib import Path

import pytest

from local import programs
from local.settings import SettingError, Settings, read_settings


@pytest.mark.parametrize("folder", ["/srv/a%20b", "/srv/a?b"])
def test_a_folder_that_a_database_address_cannot_hold_is_refused(folder: str) -> None:
    with pytest.raises(SettingError, match="LOCAL_STATE names another folder"):
        read_settings({"LOCAL_STATE": folder})


def test_a_folder_with_other_characters_is_used() -> None:
    assert str(read_settings({"LOCAL_STATE": "/srv/Zoé's #1"}).state) == "/srv/Zoé's #1"


def test_a_relative_cache_is_below_the_working_directory(monkeypatch: pytest.MonkeyPatch):
    """The API and the collection run in folders of their own, and mean the same one."""
    monkeypatch.setenv("MODEL_CACHE", "cache")
    environs = (programs.api(Settings()).environ, programs.gc(Settings(), []).environ)
    assert [each["MODEL_CACHE"] for each in environs] == [str(Path("cache").absolute())] * 2


@pytest.mark.parametrize(
    "name", ["API_TOKEN_FILE", "MLFLOW_TRACKING_PASSWORD_FILE", "MLFLOW_TRACKING_SERVER_CERT_PATH"]
)
def test_a_relative_file_is_below_the_working_directory(name: str, monkeypatch: pytest.MonkeyPatch):
    """API and trainer run in folders of their own."""
    monkeypatch.setenv(name, "secrets/file")
    for program in (programs.api(Settings()), programs.trainer(Settings(), ["train"])):
        assert program.environ[name] == str(Path("secrets/file").absolute())
