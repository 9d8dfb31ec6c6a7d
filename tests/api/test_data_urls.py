"""Pictures in JSON as data URLs, as a canvas's toDataURL() returns them."""

import base64
import json
import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest

from mnist_api.codecs.data_url import MAX_PICTURES
from mnist_api.handlers.predict import is_fast
from mnist_api.http import Request
from support.cases.request_samples import make_picture
from support.cases.requests import JSON, SEVEN, Apis, blank, post, start_both
from support.servers.api import IMAGE, Api

KINDS = ("png", "jpeg", "webp", "bmp")


def encode(content: bytes, media_type: str = "image/png") -> str:
    return f"data:{media_type};base64,{base64.b64encode(content).decode()}"


def body(**fields: object) -> bytes:
    return json.dumps(fields).encode()


URL = encode(SEVEN)
BARE = URL.partition(",")[2]
WRAPPED = "data:image/png;base64," + "\n".join(textwrap.wrap(BARE, 76)) + "\n"


@pytest.fixture(scope="module")
def apis(start_apis: Callable[..., Api], linear: Path) -> Apis:
    return start_both(start_apis, linear, MAX_FORM_FILES="3")


@pytest.mark.parametrize("kind", KINDS)
def test_a_data_url_gets_the_response_of_its_picture(apis: Apis, kind: str) -> None:
    content = make_picture(kind.upper())
    expected = post(apis, content, Content_Type=f"image/{kind}")
    assert expected.status_code == 200
    found = post(apis, body(image=encode(content, f"image/{kind}")), Content_Type=JSON)
    assert found.content == expected.content


ACCEPTED = {
    "as PHP writes it": body(image=URL).replace(b"/", rb"\/"),
    "another key before it": body(ids=[1], image=URL),
    "another key behind it": body(image=URL, name="Zoë", more=[2]),
    "after a byte order mark": b"\xef\xbb\xbf" + body(image=URL),
    "a parameter of the type": body(image=URL.replace("png;", "png;name=a.png;")),
    "no type": body(image=URL.replace("image/png", "")),
    "another type": body(image=URL.replace("image/png", "image/jpg")),
    "lines of 76": body(image=WRAPPED),
    "much white space": b" " * 70_000 + body(image=URL),
}


@pytest.mark.parametrize("content", ACCEPTED.values(), ids=ACCEPTED)
def test_the_same_picture_in_other_json_is_accepted(apis: Apis, content: bytes) -> None:
    expected = post(apis, SEVEN, Content_Type="image/png")
    assert post(apis, content, Content_Type=JSON).content == expected.content


def test_a_list_of_data_urls_gets_a_list(apis: Apis) -> None:
    one = post(apis, SEVEN, Content_Type="image/png").json()
    for count in (1, 3):
        answer = post(apis, body(images=[URL] * count), Content_Type=JSON)
        assert answer.json() == {"predictions": [one] * count}


REFUSED = {
    "bare base64": (body(image=BARE), 422, "put data:image/png;base64, before it"),
    "bare base64 of a JPEG": (
        body(image=base64.b64encode(make_picture("JPEG")).decode()),
        422,
        "put data:image/jpeg;base64, before it",
    ),
    "bare base64 in a list": (body(images=[URL, BARE]), 422, "Picture 2 is base64 without"),
    "a file's name": (body(image="seven.png"), 422, '"data:image/png;base64,..."'),
    "an address": (body(image="https://x/seven.png"), 422, '"data:image/png;base64,..."'),
    "an empty canvas": (body(image="data:,"), 422, "without base64"),
    "not base64": (body(image="data:image/svg+xml;utf8,<svg>"), 422, "without base64"),
    "an SVG": (body(image=encode(b"<svg/>", "image/svg+xml")), 422, "This is an SVG drawing"),
    "a GIF in a list": (body(images=[URL, encode(b"GIF89a")]), 422, "Picture 2: This is a GIF"),
    "no picture": (body(image=encode(b"seven")), 422, "send a PNG, JPEG, WebP or BMP file"),
    "nothing": (body(image=encode(b"")), 422, "send a PNG, JPEG, WebP or BMP file"),
    "a blank picture": (body(image=encode(blank())), 422, "No digit stands out"),
    "a blank picture in a list": (body(images=[URL, encode(blank())]), 422, "Picture 2: No digit"),
    "half a picture": (body(image=encode(SEVEN[:120])), 422, "truncated"),
    "cut base64": (body(image=URL[:-6]), 422, "toDataURL() returns, unchanged"),
    "plus signs turned into spaces": (
        body(image=encode(b"\xfb" * 99).replace("+", " ")),
        422,
        "toDataURL() returns, unchanged",
    ),
    "base64 of other letters": (
        body(image=encode(b"\xfb" * 99).replace("+", "-")),
        422,
        "toDataURL() returns, unchanged",
    ),
    "numbers among them": (body(images=[URL, IMAGE]), 422, "Picture 2 is not a string"),
    "pictures among numbers": (body(images=[IMAGE, URL]), 422, "more than lists of numbers"),
    "a list in image": (body(image=[URL]), 422, "Pixel 0 is a string"),
    "too many": (body(images=[URL] * 4), 413, "more than 3 pictures"),
    "far too many": (body(images=["data:"] * (MAX_PICTURES + 1)), 413, "more than 10000 strings"),
}


@pytest.mark.parametrize(("content", "status", "words"), REFUSED.values(), ids=REFUSED)
def test_a_string_that_is_no_picture_is_refused_with_what_to_do(
    apis: Apis, content: bytes, status: int, words: str
) -> None:
    answer = post(apis, content, Content_Type=JSON)
    assert answer.status_code == status, answer.text
    assert words in answer.json()["detail"]
    assert answer.json()["detail"].endswith(".")


def test_a_picture_in_json_is_never_handled_in_the_event_loop() -> None:
    def is_fast_as(content: bytes) -> bool:
        return is_fast(Request("/predict", "", {b"content-type": JSON.encode()}, content))

    pictures = [*ACCEPTED.values(), body(images=[URL]), body(image="data:;base64,")]
    assert [is_fast_as(content) for content in pictures] == [False] * len(pictures)
    numbers = [body(image=IMAGE), body(image=IMAGE, id="a"), body(id="a\\b", images=[IMAGE])]
    assert [is_fast_as(content) for content in numbers] == [True] * len(numbers)
