"""What the local stack refuses before it starts anything."""

import pytest

from local.settings import SettingError, read_settings


@pytest.mark.parametrize("folder", ["/srv/a%20b", "/srv/a?b"])
def test_a_folder_that_a_database_address_cannot_hold_is_refused(folder: str) -> None:
    with pytest.raises(SettingError, match="LOCAL_STATE names another folder"):
        read_settings({"LOCAL_STATE": folder})


def test_a_folder_with_other_characters_is_used() -> None:
    assert str(read_settings({"LOCAL_STATE": "/srv/Zoé's #1"}).state) == "/srv/Zoé's #1"
