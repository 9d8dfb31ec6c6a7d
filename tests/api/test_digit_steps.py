"""POST /digit?steps=true returns how a picture was read, also if it is refused."""

import base64
import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from support.cases.requests import SEVEN, Apis, post, start_both
from support.pictures.drawn import DIGITS, on_a_page, packed
from support.pictures.kinds import line_of

BLANK = packed(np.full((300, 400), 255))
PAGE = packed(255 - 255 * on_a_page(DIGITS[0]))
TWO = line_of([*DIGITS[:2]], np.random.default_rng(3))


@pytest.fixture(scope="module")
def apis(start_apis: Callable[..., Apis], linear: Path) -> Apis:
    return start_both(start_apis, linear)


def decode(step: dict[str, str]) -> Image.Image:
    return Image.open(
        io.BytesIO(base64.b64decode(step["image"].removeprefix("data:image/png;base64,")))
    )


def test_a_digit_has_its_box_and_only_then_steps(apis: Apis) -> None:
    answer = post(apis, PAGE, "/digit", Content_Type="image/png").json()
    assert set(answer) == {"image", "box", "score"}
    assert answer["score"] is None  # a MODEL_FILE has none
    ink = np.flatnonzero(on_a_page(DIGITS[0]).max(0) > 0.5)
    assert abs(answer["box"][0] - ink[0]) < 10
    assert abs(answer["box"][2] - np.ptp(ink)) < 10
    assert post(apis, PAGE, "/digit?steps=false", Content_Type="image/png").json() == answer


def test_steps_are_small_pictures_of_the_reading(apis: Apis) -> None:
    answer = post(apis, PAGE, "/digit?steps=true", Content_Type="image/png").json()
    assert [step["name"] for step in answer["steps"]] == ["contrast", "found", "digit"]
    contrast, found, digit = map(decode, answer["steps"])
    assert contrast.size == found.size == (256, 192)
    np.testing.assert_allclose(
        np.asarray(digit).ravel() / 255, answer["image"], atol=0.5 / 255 + 1e-6
    )


def test_a_picture_in_mnist_form_has_no_contrast(apis: Apis) -> None:
    steps = post(apis, packed(DIGITS[0]), "/digit?steps=true", Content_Type="image/png").json()[
        "steps"
    ]
    assert [step["name"] for step in steps] == ["found", "digit"]


@pytest.mark.parametrize(("content", "words"), [(BLANK, "No digit"), (TWO, "Two digits")])
def test_a_refused_picture_has_the_steps_until_then(apis: Apis, content: bytes, words: str) -> None:
    response = post(apis, content, "/digit?steps=true", Content_Type="image/png")
    assert (response.status_code, response.headers["content-type"]) == (
        422,
        "application/problem+json",
    )
    problem = response.json()
    assert words in problem["detail"]
    assert [step["name"] for step in problem["steps"]] == ["contrast", "found"]
    assert "steps" not in post(apis, content, "/digit", Content_Type="image/png").json()


def test_another_value_is_refused(apis: Apis) -> None:
    response = post(apis, SEVEN, "/digit?steps=1", Content_Type="image/png")
    assert response.status_code == 422
    assert "use true or false" in response.json()["detail"]
