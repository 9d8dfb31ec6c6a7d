"""Draws digits on the page, and reads its canvases."""

from playwright.sync_api import Page, expect

from support.processes import ROOT

SAMPLES = ROOT / "api" / "samples"
# coordinates as fractions of the canvas's side
STROKES = {
    "3": [(.32, .25), (.45, .17), (.6, .2), (.66, .32), (.58, .43), (.47, .48), (.62, .53),
          (.69, .66), (.6, .79), (.44, .83), (.31, .75)],
    "7": [(.28, .22), (.5, .21), (.72, .2), (.64, .38), (.54, .6), (.46, .84)],
    "0": [(.5, .17), (.36, .26), (.31, .5), (.37, .74), (.5, .83), (.63, .74), (.69, .5),
          (.64, .26), (.5, .17)],
}  # fmt: skip


def draw(page: Page, digit: str, button_up: bool = True) -> None:
    box = page.locator("#canvas").bounding_box()
    assert box
    points = [
        (box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in STROKES[digit]
    ]
    page.mouse.move(*points[0])
    page.mouse.down()
    for point in points[1:]:
        page.mouse.move(*point, steps=6)
    if button_up:
        page.mouse.up()


def wait_until_settled(page: Page) -> None:
    """Wait until the last stroke is classified, too: the page asks again while one draws."""
    expect(page.locator("#result")).to_have_attribute("aria-busy", "false")


def count_ink(page: Page, canvas: str) -> int:
    """Count the bytes of a canvas's pixels that are not 0, alpha aside."""
    return int(
        page.eval_on_selector(
            canvas,
            """canvas => {
                const copy = new OffscreenCanvas(canvas.width, canvas.height);
                const context = copy.getContext("2d", {willReadFrequently: true});
                context.drawImage(canvas, 0, 0);
                const bytes = context.getImageData(0, 0, copy.width, copy.height).data;
                return bytes.filter((byte, index) => index % 4 < 3 && byte > 0).length;
            }""",
        )
    )


def expect_no_prediction(page: Page) -> None:
    expect(page.locator("#prediction")).to_have_text("\u2013")
    expect(page.locator("#confidence")).to_have_text("Nothing to read yet")
    expect(page.locator("#copy")).to_be_disabled()
    assert page.locator(".probability").all_inner_texts() == [""] * 10
    assert page.eval_on_selector_all("progress", "bars => bars.map(bar => bar.value)") == [0] * 10
    assert count_ink(page, "#input") == 0
    assert count_ink(page, "#canvas") == 0
