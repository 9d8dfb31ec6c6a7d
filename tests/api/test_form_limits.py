"""Limits of a form: its files, its other parts, and their headers."""

from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from support.cases.request_samples import SAMPLES
from support.servers.api import Api

pytestmark = pytest.mark.slow

TYPE = "multipart/form-data; boundary=x"
FILE = b'--x\r\nContent-Disposition: form-data; name="image"; filename="a.png"\r\n\r\n%b\r\n'
FIELD = b'--x\r\nContent-Disposition: form-data; name="image"\r\n\r\n\r\n'
OTHER = b'--x\r\nContent-Disposition: form-data; name="other"; filename="a"\r\n\r\n\r\n'
END = b"--x--\r\n"
HEADERS = b"--x\r\n" + b"a: b\r\n" * 5000
REFUSED = {
    "a file too many": (FILE % SAMPLES[0] * 4 + END, 413, "more than 3 files"),
    "a million fields": (FIELD * 200_000 + END, 413, "more than 64 parts"),
    "files of other fields": (OTHER * 200_000 + END, 413, "more than 64 parts"),
    "headers without end": (HEADERS + FILE % SAMPLES[0] + END, 400, "bytes come before"),
    "an endless header": (b"--x\r\na:" + b"b" * 10**7, 400, "bytes come before"),
    "an endless beginning": (b"\r\n--" * 10**6 + END, 400, "bytes come before"),
    "no end": (FILE % SAMPLES[0], 400, "can't be read"),
}


@pytest.fixture(scope="module")
def apis(start_apis: Callable[..., Api], seven: Path) -> list[Api]:
    """Start the whole API, and its Flask app alone."""
    settings = {"MODEL_FILE": str(seven), "MAX_FORM_FILES": "3", "WEB_CONCURRENCY": "1"}
    flask = start_apis("-k", "gthread", "mnist_api.main:create_wsgi()", **settings)
    return [start_apis(**settings).wait_ready(), flask.wait_ready()]


def post(api: Api, body: bytes) -> httpx.Response:
    return api.client.post("/predict", content=body, headers={"Content-Type": TYPE})


@pytest.mark.parametrize(("body", "status", "words"), REFUSED.values(), ids=REFUSED)
def test_a_form_beyond_the_limits_is_refused_quickly(
    apis: list[Api], body: bytes, status: int, words: str
) -> None:
    for api in apis:
        answer = post(api, body)
        assert (answer.status_code, answer.headers["Content-Type"]) == (
            status,
            "application/problem+json",
        )
        assert words in answer.json()["detail"]
        assert answer.elapsed.total_seconds() < 3


def test_a_form_within_the_limits_succeeds(apis: list[Api]) -> None:
    """Bytes after the end of a form are ignored."""
    for api in apis:
        answer = post(api, OTHER * 64 + FILE % SAMPLES[0] * 3 + END + b"--x\r\n" * 10**5)
        assert [one["prediction"] for one in answer.json()["predictions"]] == [7] * 3
