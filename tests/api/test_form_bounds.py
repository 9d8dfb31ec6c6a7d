"""What a form may hold is bound: its files, its other parts, and what stands before them."""

from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from bodies import SAMPLES
from processes import Api

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
def doors(start_apis: Callable[..., Api], seven: Path) -> list[Api]:
    """Start the front, and Flask alone."""
    settings = {"MODEL_FILE": str(seven), "MAX_FORM_FILES": "3", "WEB_CONCURRENCY": "1"}
    flask = start_apis("-k", "gthread", "mnist_api.main:create_wsgi()", **settings)
    return [start_apis(**settings).wait_ready(), flask.wait_ready()]


def post(door: Api, body: bytes) -> httpx.Response:
    return door.client.post("/predict", content=body, headers={"Content-Type": TYPE})


@pytest.mark.parametrize(("body", "status", "words"), REFUSED.values(), ids=REFUSED)
def test_beyond_its_bounds_a_form_is_refused_soon(
    doors: list[Api], body: bytes, status: int, words: str
) -> None:
    for door in doors:
        answer = post(door, body)
        assert (answer.status_code, answer.headers["Content-Type"]) == (
            status,
            "application/problem+json",
        )
        assert words in answer.json()["detail"]
        assert answer.elapsed.total_seconds() < 3


def test_within_its_bounds_it_is_answered(doors: list[Api]) -> None:
    """What follows the end of a form is no part of it."""
    for door in doors:
        answer = post(door, OTHER * 64 + FILE % SAMPLES[0] * 3 + END + b"--x\r\n" * 10**5)
        assert [one["prediction"] for one in answer.json()["predictions"]] == [7] * 3
