"""The page shows how a picture was read, and why it was refused."""

import numpy as np
from playwright.sync_api import Page, expect

from support.drawing import count_ink, draw, wait_until_settled
from support.pictures.drawn import DIGITS, on_a_page, packed
from support.pictures.kinds import line_of

CAPTIONS = ["Contrast with the background", "What was found", "28 \u00d7 28 pixels of it"]


def choose(page: Page, content: bytes) -> None:
    page.set_input_files("#file", {"name": "a.png", "mimeType": "image/png", "buffer": content})


def test_the_steps_of_a_picture_are_shown(page: Page):
    choose(page, packed(255 - 255 * on_a_page(DIGITS[0])))
    expect(page.locator("#steps figcaption")).to_have_text(CAPTIONS)
    expect(page.locator("#steps canvas").last).to_have_js_property("width", 28)
    assert count_ink(page, "#steps figure:last-child canvas") > 120
    page.click("#clear")
    expect(page.locator("#steps")).to_be_hidden()


def test_a_drawing_has_steps_too(page: Page):
    draw(page, "7")
    expect(page.locator("#steps figcaption")).to_have_text(CAPTIONS)


def test_a_drawing_is_not_refused_before_its_stroke_ends(page: Page):
    page.locator("#canvas").scroll_into_view_if_needed()
    box = page.locator("#canvas").bounding_box()
    assert box
    page.mouse.move(box["x"] + 100, box["y"] + 100)
    with page.expect_response("**/digit?steps=true") as refused:
        page.mouse.down()
    assert refused.value.status == 422
    wait_until_settled(page)
    expect(page.locator("#error")).to_be_hidden()
    page.mouse.up()
    expect(page.locator("#error")).to_contain_text("A dot")


def test_a_refused_picture_has_its_reason_and_the_steps_until_then(page: Page):
    choose(page, packed(255 - 255 * on_a_page(DIGITS[0]) * 0))
    expect(page.locator("#error")).to_contain_text("No digit stands out from the background")
    expect(page.locator("#steps figcaption")).to_have_text(CAPTIONS[:2])


def test_several_digits_are_shown_with_steps(page: Page):
    choose(page, line_of([*DIGITS[:2]], np.random.default_rng(3)))
    expect(page.locator("#confidence")).to_contain_text("digits:")
    expect(page.locator("#steps figcaption")).to_have_text(CAPTIONS[:2])
