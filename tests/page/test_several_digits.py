"""A picture with several digits: the page reads all of them and shows where they are."""

import io

from PIL import Image, ImageDraw
from playwright.sync_api import Page, expect

from support.drawing import STROKES, count_ink


def picture(digits: str) -> bytes:
    canvas = Image.new("L", (300 * len(digits), 300), 255)
    pen = ImageDraw.Draw(canvas)
    for place, digit in enumerate(digits):
        points = [(300 * (place + x), 300 * y) for x, y in STROKES[digit]]
        pen.line(points, 0, 24, joint="curve")
    file = io.BytesIO()
    canvas.save(file, "PNG")
    return file.getvalue()


def drop(page: Page, content: bytes) -> None:
    page.set_input_files("#file", {"name": "a.png", "mimeType": "image/png", "buffer": content})


def test_all_digits_of_a_picture_are_shown_with_their_boxes(page: Page):
    drop(page, picture("370"))
    expect(page.locator("#confidence")).to_have_text("digits: 3 7 0")
    expect(page.locator("#prediction")).to_have_text("3")
    expect(page.locator("#error")).to_be_hidden()
    assert count_colour(page) > 500
    page.click("#clear")
    assert count_ink(page, "#canvas") == 0


def test_a_single_digit_has_no_box(page: Page):
    drop(page, picture("7"))
    expect(page.locator("#prediction")).to_have_text("7")
    assert count_colour(page) == 0


def count_colour(page: Page) -> int:
    """Count the canvas's pixels that are neither grey nor transparent, as boxes are."""
    return int(
        page.eval_on_selector(
            "#canvas",
            """canvas => {
                const { width, height } = canvas;
                const bytes = canvas.getContext("2d").getImageData(0, 0, width, height).data;
                return bytes.filter((byte, at) =>
                    at % 4 == 0 && Math.abs(byte - bytes[at + 2]) > 30).length;
            }""",
        )
    )
