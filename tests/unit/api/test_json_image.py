"""simdjson's path for the usual JSON accepts the same bodies as msgspec's, with the same result."""

import numpy as np
import pytest

from mnist_api.codecs.json_image import decode_json
from mnist_api.problems import ProblemError

VALUES = [
    "0", "1", "-0", "0.0", "-0.0", "1.0", "1E0", "0.1e1", "1e-5", "1e-400", "-1e-320",
    "0.30000000000000004", "1.0000000000000001", "1.00000001", "-1e-5", "2", "255", "1e400",
    "123456789012345678901234567890", "01", "1.", ".5", "+1", "1e", "0x1", "1_0", "NaN", "Infinity",
    "true", "null", "[0]", "{}", '"a"', "", "0 0", "1,1", "0 ,", "\x00", "é",
]  # fmt: skip


def outcome(body: bytes) -> object:
    try:
        images, is_one = decode_json(body)
    except ProblemError as problem:
        return problem.status
    assert images.dtype == np.float32
    return images.shape, images.tobytes(), is_one


@pytest.mark.parametrize("value", VALUES)
@pytest.mark.parametrize(("before", "after"), [("", ""), ("\n ", " \t"), ("", "x"), ("\ufeff", "")])
def test_a_pixel_is_decoded_the_same_with_another_key_beside_it(
    value: str, before: str, after: str
) -> None:
    """With a second list, the keys are decoded by msgspec."""
    pixels = ", ".join([*["0.25"] * 700, value, *["0.75"] * 83])
    short = f'{before}{{"image": [{pixels}]}}{after}'.encode()
    long = f'{before}{{"id": 1, "image": [{pixels}]}}{after}'.encode()
    split = f'{before}{{"ids": [1], "image": [{pixels}]}}{after}'.encode()
    assert outcome(short) == outcome(long) == outcome(split)


TWICE = [
    ('"image": 5, "image": [{}]', True),
    ('"image": [{}], "image": 5', False),
    (r'"image": [{}], "im\u0061ge": 5', False),
    (r'"im\u0061ge": [{}]', True),
    ('"x": {{"image": [{}]}}', False),
    ('"image": "[", "y": [{}]', False),
]


@pytest.mark.parametrize(("fields", "is_image"), TWICE)
def test_the_last_of_equal_keys_counts(fields: str, is_image: bool) -> None:
    body = f"{{{fields.format(', '.join(['0.5'] * 784))}}}".encode()
    assert (outcome(body) != 422) == is_image


@pytest.mark.parametrize("count", [0, 1, 783, 785])
def test_another_number_of_pixels_is_refused(count: int) -> None:
    assert outcome(f'{{"image": [{", ".join(["0"] * count)}]}}'.encode()) == 422
