"""Data URLs as strings of JSON: which are found, what is in them, and why they are refused."""

import base64
import json

import pytest
from msgspec import Raw

from mnist_api.codecs.data_url import (
    DataUrl,
    find_data_url,
    find_data_urls,
    may_hold_picture,
    read_data_url,
)
from support.refusals import refused

FILE = bytes(range(256))
BASE64 = base64.b64encode(FILE).decode()
URL = f"data:image/png;base64,{BASE64}"


def raw(value: object) -> Raw:
    return Raw(json.dumps(value).encode())


BODIES = [
    (b'{"image":"data:;base64,"}', True),
    (b'{"image":"data:;base64,AAAA"}', True),
    (b'{"a":"data:,12345678"}', False),  # shorter than any picture
    (b'{"a":"data:,123456789"}', True),
    (b'{"image": "iVBORw0KGgoAAAANS"}', False),
    (b'{"image": [0, 0, 0, 0, 0, 0, 0, 0]}', False),
]


@pytest.mark.parametrize(("body", "expected"), BODIES)
def test_a_body_that_cannot_hold_a_picture_is_told_without_parsing(
    body: bytes, expected: bool
) -> None:
    assert may_hold_picture(body) == expected


def test_a_string_that_begins_like_a_data_url_is_one() -> None:
    assert find_data_url(raw(URL)) == DataUrl(raw(URL), '"image"')
    assert find_data_url(raw([URL])) is None


def test_a_list_of_data_urls_is_numbered_from_one() -> None:
    found = find_data_urls(Raw(f'[ "{URL}", "{URL}x"]'.encode()))
    assert found == [DataUrl(raw(URL), "Picture 1"), DataUrl(raw(f"{URL}x"), "Picture 2")]
    assert find_data_urls(raw([0])) is None
    assert find_data_urls(raw(URL)) is None


def test_the_number_of_pictures_is_limited() -> None:
    found = find_data_urls(raw(["data:"] * 10_000))
    assert found is not None
    assert len(found) == 10_000
    with refused(413, '"images" has more than 10000 strings: send fewer.'):
        find_data_urls(raw(["data:"] * 10_001))


SEND = 'send 784 numbers from 0 to 1, or a picture as "data:image/png;base64,...", as toDataURL() returns it.'  # noqa: E501
STRINGS = {
    "iVBORw0KGgoAAA": '"image" is base64 without its type: put data:image/png;base64, before it.',
    "/9j/4AAQSkZJRg": '"image" is base64 without its type: put data:image/jpeg;base64, before it.',
    "7": f'"image" is a string, not a list: {SEND}',
    "": f'"image" is a string, not a list: {SEND}',
}


@pytest.mark.parametrize(("text", "sentence"), STRINGS.items())
def test_another_string_is_refused(text: str, sentence: str) -> None:
    with refused(422, sentence):
        find_data_url(raw(text))


def test_an_item_that_is_no_string_is_refused_by_its_number() -> None:
    with refused(422, f"Picture 2 is not a string, as the first one is: {SEND}"):
        find_data_urls(raw(["data:", 7]))


CONTENTS = {
    "as toDataURL() returns it": f'"{URL}"',
    "escaped slashes": json.dumps(f"data:image/png;base64,{BASE64}").replace("/", r"\/"),
    "in lines": json.dumps(f"data:image/png;base64,{BASE64[:76]}\r\n{BASE64[76:]}\n"),
    "with the longest type": f'"data:{"x" * 100};base64,{BASE64}"',
    "without a type": f'"data:;base64,{BASE64}"',
}


@pytest.mark.parametrize("text", CONTENTS.values(), ids=CONTENTS)
def test_the_file_in_a_data_url_is_returned(text: str) -> None:
    assert read_data_url(DataUrl(Raw(text.encode()), '"image"')) == FILE


@pytest.mark.parametrize("text", ["data:image/png,AAAA", f"data:{'x' * 101};base64,AAAA"])
def test_a_data_url_without_base64_is_refused(text: str) -> None:
    with refused(
        422,
        "Picture 7 is a data URL without base64: send data:image/png;base64, and the file in "
        "base64.",
    ):
        read_data_url(DataUrl(raw(text), "Picture 7"))


@pytest.mark.parametrize("end", ["A", "AA AA", "ÀAAA", "AA==A"])
def test_damaged_base64_is_refused(end: str) -> None:
    with refused(
        422,
        "Picture 7 is a data URL whose base64 can't be read (…): send all that toDataURL() "
        "returns, unchanged.",
    ):
        read_data_url(DataUrl(raw(f"data:image/png;base64,{end}"), "Picture 7"))
