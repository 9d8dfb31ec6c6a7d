"""Request bodies that are compressed."""

import gzip
import tracemalloc
import zlib

import pytest

from mnist_api.codecs.content_encoding import decompress
from mnist_api.http import Request
from mnist_api.problems import ProblemError
from support.refusals import refused

BODY = bytes(range(100))


def request(coding: str | None, body: bytes) -> Request:
    headers = {b"content-type": b"image/png"}
    if coding is not None:
        headers[b"content-encoding"] = coding.encode()
    return Request("/predict", "dtype=uint8", headers, body)


@pytest.mark.parametrize("coding", [None, "", "identity", " Identity\t"])
def test_a_body_that_is_not_compressed_is_returned_as_it_is(coding: str | None) -> None:
    given = request(coding, BODY)
    assert decompress(given, 1) is given


COMPRESSED = [
    ("gzip", gzip.compress(BODY)),
    (" GZIP ", gzip.compress(BODY)),
    ("x-gzip", gzip.compress(BODY)),
    ("deflate", zlib.compress(BODY)),
]


@pytest.mark.parametrize(("coding", "body"), COMPRESSED)
def test_a_body_of_the_largest_size_is_decompressed_and_its_header_removed(
    coding: str, body: bytes
) -> None:
    found = decompress(request(coding, body), len(BODY))
    assert found == Request("/predict", "dtype=uint8", {b"content-type": b"image/png"}, BODY)


PART = "The body is not one whole gzip stream."
LARGE = "The body is larger than 99 bytes: send fewer or smaller images."
REFUSED = [
    ("gzip", gzip.compress(BODY), 413, LARGE),
    ("deflate", b"PK", 400, "The body is not deflate (…)."),
    ("gzip", gzip.compress(BODY[1:])[:-1], 400, PART),
    ("gzip", gzip.compress(BODY[1:]) + b"x", 400, PART),
]  # fmt: skip


@pytest.mark.parametrize(("coding", "body", "status", "sentence"), REFUSED)
def test_a_body_that_is_too_large_or_damaged_is_refused(
    coding: str, body: bytes, status: int, sentence: str
) -> None:
    with refused(status, sentence):
        decompress(request(coding, body), 99)


@pytest.mark.parametrize(("coding", "named"), [("br", "br"), ("b" * 41, "b" * 40)])
def test_the_error_of_another_coding_names_those_that_are_accepted(coding: str, named: str) -> None:
    with pytest.raises(ProblemError) as error:
        decompress(request(coding, BODY), 99)
    assert error.value.status == 415
    assert error.value.detail == f"The content encoding is {named}: send gzip, deflate or none."
    assert error.value.headers == {"Accept-Encoding": "gzip, deflate"}


def test_no_more_than_the_bound_is_decompressed() -> None:
    bomb = gzip.compress(bytes(20_000_000))
    tracemalloc.start()
    try:
        with refused(413, "The body is larger than 1000 bytes: send fewer or smaller images."):
            decompress(request("gzip", bomb), 1000)
        assert tracemalloc.get_traced_memory()[1] < 1_000_000
    finally:
        tracemalloc.stop()
