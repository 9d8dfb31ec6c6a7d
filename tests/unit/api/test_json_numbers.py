"""Nested lists of numbers: their shape is found before they are decoded, in pieces."""

import json

import numpy as np
import pytest

from mnist_api.codecs.json_image import decode_json
from mnist_api.codecs.json_numbers import PIECE, has_shape, read_images, read_numbers
from mnist_api.http import LARGE
from support.refusals import refused

PIXELS = np.linspace(0, 1, 784)


def nested(*shape: int) -> bytes:
    return json.dumps(np.zeros(shape).tolist()).encode()


SHAPES = [
    (nested(3), (3,), True),
    (nested(3), (4,), False),
    (nested(4), (3,), False),
    (nested(2, 3), (2, 3), True),
    (nested(3, 2), (2, 3), False),
    (nested(6), (2, 3), False),
    (nested(2, 3, 4), (2, 3, 4), True),
    (nested(4, 3, 2), (2, 3, 4), False),
    (nested(2, 1), (2, 1), True),
    (b"[[0], [ ]]", (2, 1), False),
    (b"[[0],[[]]]", (2, 1), False),
    (b"[[1, 2, ], [3]]", (2, 2), False),
    (b'["", 0]', (2,), False),
    (b" [\t1e-5,\r\n+.2E3 ] ", (2,), True),
]


@pytest.mark.parametrize(("text", "shape", "expected"), SHAPES)
def test_the_shape_of_lists_is_found(text: bytes, shape: tuple[int, ...], expected: bool) -> None:
    assert has_shape(text, shape) == expected


def test_one_of_several_shapes_is_found() -> None:
    assert has_shape(nested(2, 1), (2,), (2, 1))
    assert has_shape(nested(2), (2,), (2, 1))
    assert not has_shape(nested(1, 2), (2,), (2, 1))


@pytest.mark.parametrize("shape", [(784,), (28, 28), (28, 28, 1), (1, 28, 28)])
def test_images_of_each_shape_are_read(shape: tuple[int, ...]) -> None:
    given = np.stack([PIXELS, PIXELS[::-1]]).reshape(2, *shape)
    found = read_images(json.dumps(given.tolist()).encode(), "images")
    assert found.dtype == np.float32
    assert (found == given.reshape(2, 784).astype(np.float32)).all()


def test_images_that_are_ragged_are_refused_by_their_name() -> None:
    with refused(
        422,
        '"pictures" is not a list of images of 784 numbers, or of 28 rows of 28: send '
        '{"pictures": [[784 numbers from 0 to 1], ...]}.',
    ):
        read_images(nested(1, 783), "pictures")


def numbers_of(size: int) -> bytes:
    """Return a list with ``size`` bytes of numbers that differ."""
    text = ",".join(str(number) for number in range(100_000, 100_000 + size // 7 + 1))
    return b"[%b]" % text[:size].rstrip(",").encode().ljust(size)


@pytest.mark.parametrize("size", [10, PIECE - 2, PIECE - 1, PIECE + 7, 3 * PIECE])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_numbers_are_the_same_in_one_piece_and_in_several(size: int, dtype: type) -> None:
    text = numbers_of(size)
    found = read_numbers(text, dtype)
    assert found.dtype == dtype
    assert found.tolist() == np.array(json.loads(text), dtype).tolist()


def test_numbers_are_float32_and_lists_are_no_part_of_them() -> None:
    for repeated in (1, PIECE):
        text = b"[" + b"[[1], [ 0.1 ]],\n" * repeated + b"[[1e300], [2]]]"
        found = read_numbers(text)
        assert found.dtype == np.float32
        assert found[:2].tolist() == [1, np.float32(0.1)]
        assert found[-2:].tolist() == [np.inf, 2]
        assert len(found) == 2 * repeated + 2


@pytest.mark.parametrize("first", ["[1e999, 2", "[[100000000000000000000000000000], [2]"])
def test_a_number_too_large_for_simdjson_is_read(first: str) -> None:
    for more in ("]", ", 3" * PIECE + "]"):
        found = read_numbers(f"{first}{more}".encode(), np.float64)
        assert found[:2].tolist() == [float(first.strip("[").partition(",")[0].strip("]")), 2]
        assert len(found) == 2 + more.count("3")


def test_numbers_are_decoded_in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    from mnist_api.codecs import json_numbers

    sizes = []
    read_piece = json_numbers._read_piece

    def note(text: bytes) -> np.ndarray:
        sizes.append(len(text))
        return read_piece(text)

    monkeypatch.setattr(json_numbers, "_read_piece", note)
    read_numbers(b"[" + b"0.5," * PIECE + b"1]")
    assert len(sizes) == 4
    assert max(sizes) <= PIECE + len("[0.5,]")


BODIES = {
    "image": ({"image": PIXELS.tolist()}, True),
    "image beside others": ({"a": [1], "image": PIXELS.tolist()}, True),
    "image in rows": ({"image": PIXELS.reshape(28, 28).tolist()}, True),
    "image with a channel": ({"image": PIXELS.reshape(28, 28, 1).tolist()}, True),
    "image in a list": ({"image": PIXELS.reshape(1, 784).tolist()}, True),
    "image in rows in a list": ({"image": PIXELS.reshape(1, 28, 28).tolist()}, True),
    "images": ({"images": [PIXELS.tolist()]}, False),
    "é": ({"é": 1, "image": PIXELS.tolist()}, True),
    "a large body": ({"image": PIXELS.tolist(), "a": "x" * LARGE}, True),
}


@pytest.mark.parametrize(("body", "is_one"), BODIES.values(), ids=BODIES)
def test_one_image_or_several_are_decoded(body: dict[str, object], is_one: bool) -> None:
    for text in (json.dumps(body), json.dumps(body, ensure_ascii=False)):
        found, was_one = decode_json(text.encode())
        assert isinstance(found, np.ndarray)
        assert was_one is is_one
        assert found.dtype == np.float32
        assert found.tolist() == [PIXELS.astype(np.float32).tolist()]


def test_data_urls_are_returned_unread() -> None:
    found, is_one = decode_json(b'{"image": "data:,"}')
    assert [(bytes(url.json), url.name) for url in found] == [(b'"data:,"', '"image"')]
    assert is_one
    found, is_one = decode_json(b'{"images": ["data:,"]}')
    assert [(bytes(url.json), url.name) for url in found] == [(b'"data:,"', "Picture 1")]
    assert not is_one
