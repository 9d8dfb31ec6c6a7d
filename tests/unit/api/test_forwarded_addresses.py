"""The addresses of trusted proxies."""

import pytest

from mnist_api.settings import SettingsError, read_settings


@pytest.mark.parametrize("value", ["proxy.lan", "10.0.0.1/8", "10.0.0.1 10.0.0.2", "10.0.0.1,*"])
def test_what_is_no_address_is_refused(value: str) -> None:
    with pytest.raises(SettingsError, match="FORWARDED_ALLOW_IPS") as refused:
        read_settings({"FORWARDED_ALLOW_IPS": value})
    assert repr(value) in str(refused.value)
