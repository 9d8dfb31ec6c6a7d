"""POST /predict?all=true reads every digit of a picture, in each form that carries pictures."""

import base64
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from support.cases.requests import OCTETS, SEVEN, Apis, post, start_both
from support.pictures.drawn import DIGITS
from support.pictures.kinds import line_of

JSON = "application/json"
PICTURE = line_of([*DIGITS[:3]], np.random.default_rng(3))
PART = b'--x\r\nContent-Disposition: form-data; name="image"; filename="a"\r\n\r\n%b\r\n'
FORM = "multipart/form-data; boundary=x"


def in_json(content: bytes) -> str:
    return "data:image/png;base64," + base64.b64encode(content).decode()


FORMS = {
    "raw": ("image/png", PICTURE),
    "octets": (OCTETS, PICTURE),
    "form": (FORM, PART % PICTURE + b"--x--\r\n"),
    "image": (JSON, json.dumps({"image": in_json(PICTURE)}).encode()),
    "images": (JSON, json.dumps({"images": [in_json(PICTURE)]}).encode()),
}


@pytest.fixture(scope="module")
def apis(start_apis: Callable[..., Apis], linear: Path) -> Apis:
    return start_both(start_apis, linear)


@pytest.mark.parametrize(("content_type", "body"), FORMS.values(), ids=FORMS)
def test_all_digits_are_read_in_every_form(apis: Apis, content_type: str, body: bytes) -> None:
    answer = post(apis, body, "/predict?all=true", Content_Type=content_type)
    assert answer.status_code == 200, answer.text
    found = answer.json()["predictions"]
    assert [set(one) for one in found] == [{"prediction", "confidence", "probabilities", "box"}] * 3
    assert [one["box"][0] for one in found] == sorted(one["box"][0] for one in found)


@pytest.mark.parametrize(("content_type", "body"), FORMS.values(), ids=FORMS)
def test_without_it_they_are_refused_in_every_form(
    apis: Apis, content_type: str, body: bytes
) -> None:
    for path in ("/predict", "/predict?all=false"):
        answer = post(apis, body, path, Content_Type=content_type)
        assert answer.status_code == 422
        assert "hree digits are in the picture: send one, or" in answer.json()["detail"]


def test_one_digit_is_a_list_of_one(apis: Apis) -> None:
    (digit,) = post(apis, SEVEN, "/predict?all=true", Content_Type="image/png").json()[
        "predictions"
    ]
    assert post(apis, SEVEN, Content_Type="image/png").json().items() <= digit.items()


def test_numbers_are_answered_as_without_it(apis: Apis) -> None:
    numbers = {"image": [0.0] * 784}
    for body, content_type in ((json.dumps(numbers).encode(), JSON), (bytes(784), OCTETS)):
        expected = post(apis, body, Content_Type=content_type)
        answer = post(apis, body, "/predict?all=true", Content_Type=content_type)
        assert (answer.status_code, answer.json()) == (200, expected.json())


@pytest.mark.parametrize(
    ("path", "content_type", "body", "words"),
    [
        ("/predict?all=maybe", "image/png", PICTURE, "use true or false"),
        ("/predict?all=true", FORM, PART % PICTURE * 2 + b"--x--\r\n", "one picture"),
        ("/predict?all=true", FORM, b"--x--\r\n", 'no file named "image"'),
        ("/predict?all=true", "image/png", b"seven", "send a PNG"),
    ],
)
def test_what_can_not_be_read_is_refused_with_what_to_do(
    apis: Apis, path: str, content_type: str, body: bytes, words: str
) -> None:
    answer = post(apis, body, path, Content_Type=content_type)
    assert answer.status_code == 422
    assert words in answer.json()["detail"]
