"""The origins whose pages may read responses."""

import pytest

from mnist_api.handlers.access.cross_origin import CrossOrigin
from mnist_api.http import Response
from mnist_api.settings import SettingsError, read_settings

PAGE, OTHER = "https://page.example", "https://other.example"


def test_without_origins_a_response_is_not_even_copied() -> None:
    response = Response(200, "text/plain", b"")
    assert CrossOrigin().allow(response, PAGE.encode()) is response


@pytest.mark.parametrize(
    "value",
    [
        "page.example", "https://page.example//", "https://page.example/app", "https://",
        "https://*.example", "https://page.example:443", "http://a:80", "https://user@page.example",
        f"{PAGE} {OTHER}", f"{PAGE}\r\nX: a", "https://page.example?a", "https://a:x",
    ],
)  # fmt: skip
def test_what_is_no_origin_is_refused_by_the_settings(value: str) -> None:
    with pytest.raises(SettingsError, match=r"^CORS_ORIGINS is .*, but must be origins .*\.$"):
        read_settings({"CORS_ORIGINS": value})


def test_origins_are_read_from_the_settings() -> None:
    value = " HTTPS://Page.example , http://[::1]:3000,null,capacitor://localhost,"
    expected = ("https://page.example", "http://[::1]:3000", "null", "capacitor://localhost")
    assert read_settings({"CORS_ORIGINS": value}).cors_origins == expected
    assert read_settings({}).cors_origins == read_settings({"CORS_ORIGINS": ""}).cors_origins == ()
