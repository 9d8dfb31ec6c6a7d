"""Files in application/octet-stream, or under another type than theirs."""

import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mnist_api.handlers.predict import is_fast
from mnist_api.http import Request
from mnist_api.imaging.file_type import describe_file, find_picture_type
from support.cases.files import FILES
from support.cases.requests import BYTES, NPY, OCTETS, SEVEN, Apis, npy, post, start_both
from support.pictures.digits import read_digits
from support.servers.api import Api


@pytest.fixture(scope="module")
def apis(start_apis: Callable[..., Api], linear: Path) -> Apis:
    return start_both(start_apis, linear)


def save(kind: str) -> bytes:
    file = io.BytesIO()
    Image.open(io.BytesIO(SEVEN)).convert("RGB").save(file, kind)
    return file.getvalue()


def pad(content: bytes, multiple: int = 784) -> bytes:
    return content + bytes(-len(content) % multiple)


def test_a_picture_is_read_as_one_whatever_its_length(apis: Apis) -> None:
    for kind in ("PNG", "JPEG", "WEBP"):
        content = save(kind)
        expected = post(apis, content, Content_Type=f"image/{kind.lower()}").json()
        for body in (content, pad(content)):
            assert post(apis, body, Content_Type=OCTETS).json() == expected
            digit = post(apis, body, "/digit", Content_Type=OCTETS).json()
            assert len(digit["image"]) == 784


def test_with_a_dtype_every_body_is_a_raw_tensor(apis: Apis) -> None:
    contents = [save(kind) for kind in ("PNG", "JPEG", "WEBP")]
    for content in (*contents, npy(BYTES), *(content for content, _ in FILES.values())):
        body = pad(content)
        count = len(body) // 784
        by_query = post(apis, body, "/predict?dtype=uint8", Content_Type=OCTETS)
        by_type = post(apis, body, Content_Type=f"{OCTETS}; dtype=uint8")
        assert by_query.content == by_type.content
        answer = by_query.json()
        assert len(answer.get("predictions", [answer])) == count


def test_a_bmp_is_a_raw_tensor_and_the_error_says_what_to_send(apis: Apis) -> None:
    """Its two bytes could be pixels."""
    body = pad(save("BMP"))
    assert "predictions" in post(apis, body, Content_Type=OCTETS).json()
    refused = post(apis, body[:-1], Content_Type=OCTETS)
    assert refused.status_code == 422
    assert "image/bmp" in refused.json()["detail"]


@pytest.mark.parametrize(("content", "words"), FILES.values(), ids=FILES)
def test_another_file_is_refused_with_what_it_is_and_what_to_do(
    apis: Apis, content: bytes, words: str
) -> None:
    """Also if its length is that of images."""
    sent = [(content, "image/png", 422), (pad(content), OCTETS, 422), (content, NPY, 400)]
    for body, content_type, status in sent:
        answer = post(apis, body, Content_Type=content_type)
        assert (answer.status_code, words in answer.json()["detail"]) == (status, True), answer.text
    form = b'--x\r\nContent-Disposition: form-data; name="image"; filename="a"\r\n\r\n%b\r\n--x--'
    answer = post(apis, form % content, Content_Type="multipart/form-data; boundary=x")
    assert answer.json()["detail"].startswith("File 1: This is ")
    assert words in answer.json()["detail"]


@pytest.mark.parametrize(
    "content_type", ["image/jpg", "image/pjpeg", "image/x-png", "image/x-ms-bmp", "IMAGE/JPG; a=b"]
)
def test_other_names_of_the_types_are_accepted(apis: Apis, content_type: str) -> None:
    expected = post(apis, SEVEN, Content_Type="image/png").json()
    assert post(apis, SEVEN, Content_Type=content_type).json() == expected
    assert post(apis, SEVEN, "/digit", Content_Type=content_type).status_code == 200
    part = b'--x\r\nContent-Disposition: form-data; name="image"; filename="a"\r\nContent-Type: '
    form = part + content_type.encode() + b"\r\n\r\n" + SEVEN + b"\r\n--x--\r\n"
    assert post(apis, form, Content_Type="multipart/form-data; boundary=x").json() == expected


def test_no_picture_is_handled_in_the_event_loop() -> None:
    def is_fast_as(content_type: str, body: bytes) -> bool:
        return is_fast(Request("/predict", "", {b"content-type": content_type.encode()}, body))

    for kind in ("PNG", "JPEG", "WEBP"):
        assert not is_fast_as(OCTETS, pad(save(kind)))
    for name in ("image/jpg", "image/pjpeg", "image/x-png", "image/bmp", "Image/JPG; q=1"):
        assert not is_fast_as(name, SEVEN)
    assert is_fast_as(OCTETS, BYTES.tobytes())
    assert is_fast_as(NPY, npy(BYTES))


@pytest.mark.slow
def test_no_image_of_mnist_begins_like_a_file() -> None:
    """Neither do inverted ones, nor noise."""
    digits = read_digits(10_000)
    noise = np.random.default_rng(8).integers(0, 256, (20_000, 784), np.uint8)
    for images in (digits, 255 - digits, noise):
        for image in images:
            content = image.tobytes()
            assert find_picture_type(content) is describe_file(content) is None
