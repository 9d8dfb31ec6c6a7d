"""The page as its visitors use it: mouse, finger, keyboard, files, on any screen."""

import json
import re
import subprocess
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

SAMPLES = Path(__file__).resolve().parents[2] / "api" / "samples"
# in shares of the pad's side
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


def ink(page: Page, canvas: str) -> int:
    """Count the bytes of a canvas's pixels that are not 0, its opacity aside."""
    return int(
        page.eval_on_selector(
            canvas,
            """canvas => {
                const copy = new OffscreenCanvas(canvas.width, canvas.height);
                const context = copy.getContext("2d", {willReadFrequently: true});
                context.drawImage(canvas, 0, 0);
                const bytes = context.getImageData(0, 0, copy.width, copy.height).data;
                return bytes.filter((level, place) => place % 4 < 3 && level > 0).length;
            }""",
        )
    )


def expect_nothing(page: Page) -> None:
    expect(page.locator("#prediction")).to_have_text("\u2013")
    expect(page.locator("#confidence")).to_have_text("Nothing to read yet")
    expect(page.locator("#copy")).to_be_disabled()
    assert page.locator(".share").all_inner_texts() == [""] * 10
    assert page.eval_on_selector_all("progress", "bars => bars.map(bar => bar.value)") == [0] * 10
    assert ink(page, "#seen") == 0
    assert ink(page, "#canvas") == 0


@pytest.mark.parametrize("digit", STROKES)
def test_drawn_strokes_come_back_as_their_digit(page: Page, digit: str):
    draw(page, digit)
    expect(page.locator("#prediction")).to_have_text(digit)
    expect(page.locator(".bars .first > span").first).to_have_text(digit)
    shares = [float(share.rstrip("%")) for share in page.locator(".share").all_inner_texts()]
    assert sum(shares) == pytest.approx(100, abs=1)
    assert ink(page, "#seen") > 120
    expect(page.locator("#spoken")).to_contain_text(f"{digit}, ")


def test_the_prediction_comes_while_the_stroke_is_still_drawn(page: Page):
    draw(page, "0", button_up=False)
    expect(page.locator("#prediction")).to_have_text("0")


def test_a_cleared_canvas_shows_nothing(page: Page):
    for clear in (lambda: page.click("#clear"), lambda: page.keyboard.press("Escape")):
        draw(page, "7")
        expect(page.locator("#prediction")).to_have_text("7")
        clear()
        page.wait_for_load_state("networkidle")
        expect_nothing(page)


def test_it_shows_nothing_at_first(page: Page):
    expect_nothing(page)


def test_a_finger_draws_and_does_not_scroll(chromium: Browser, address: str):
    context = chromium.new_context(
        viewport={"width": 390, "height": 844},
        has_touch=True,
        is_mobile=True,
        device_scale_factor=3,
    )
    page = context.new_page()
    page.goto(address)
    box = page.locator("#canvas").bounding_box()
    assert box
    touch = context.new_cdp_session(page)
    kinds = ["touchStart"] + ["touchMove"] * (len(STROKES["3"]) - 1)
    for kind, (x, y) in zip(kinds, STROKES["3"], strict=True):
        place = {"x": box["x"] + x * box["width"], "y": box["y"] + y * box["height"]}
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [place]})
    touch.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    expect(page.locator("#prediction")).to_have_text("3")
    assert page.evaluate("scrollY") == 0
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert page.eval_on_selector("#canvas", "c => c.width == Math.round(c.clientWidth * 3)")
    context.close()


def test_the_keyboard_alone_draws_a_seven_and_clears_it(page: Page):
    page.keyboard.press("Tab")
    expect(page.locator("#canvas")).to_be_focused()
    for _ in range(11):
        page.keyboard.press("ArrowLeft")
    for _ in range(14):
        page.keyboard.press("ArrowUp")
    page.keyboard.press("Space")
    for _ in range(22):
        page.keyboard.press("ArrowRight")
    for _ in range(15):
        page.keyboard.press("ArrowDown")
        page.keyboard.press("ArrowDown")
        page.keyboard.press("ArrowLeft")
    page.keyboard.press("Space")
    expect(page.locator("#prediction")).to_have_text("7")
    reached = []
    for _ in range(4):
        page.keyboard.press("Tab")
        reached.append(page.evaluate("document.activeElement.id"))
        outline = "getComputedStyle(document.activeElement).outlineStyle"
        assert page.evaluate(outline) == "solid"
    assert reached == ["clear", "choose", "copy", "curl"]
    page.keyboard.press("Escape")
    expect(page.locator("#prediction")).to_have_text("\u2013")


@pytest.mark.parametrize("name", ["seven", "three-on-paper", "zero-drawn"])
def test_a_chosen_picture_is_read(page: Page, name: str):
    page.set_input_files("#file", SAMPLES / f"{name}.png")
    digit = {"seven": "7", "three-on-paper": "3", "zero-drawn": "0"}[name]
    expect(page.locator("#prediction")).to_have_text(digit)


@pytest.mark.parametrize("way", ["drop", "paste"])
def test_a_dropped_or_pasted_picture_is_read(page: Page, way: str):
    content = list((SAMPLES / "seven.png").read_bytes())
    page.evaluate(
        """([content, way]) => {
            const data = new DataTransfer();
            data.items.add(new File([new Uint8Array(content)], "7.png", {type: "image/png"}));
            const event = way === "drop"
                ? new DragEvent("drop", {dataTransfer: data, bubbles: true, cancelable: true})
                : new ClipboardEvent("paste", {clipboardData: data, bubbles: true});
            document.getElementById("canvas").dispatchEvent(event);
        }""",
        [content, way],
    )
    expect(page.locator("#prediction")).to_have_text("7")


def test_a_file_that_is_no_picture_is_answered_with_a_sentence(page: Page, tmp_path: Path):
    (tmp_path / "letter.png").write_text("Dear reader")
    page.set_input_files("#file", tmp_path / "letter.png")
    expect(page.locator("#trouble")).to_contain_text("PNG, JPEG, WebP or BMP")
    expect(page.locator("#prediction")).to_have_text("\u2013")
    page.click("#clear")
    expect(page.locator("#trouble")).to_be_hidden()


def test_the_copied_curl_line_gives_the_same_answer_in_a_shell(page: Page):
    draw(page, "3")
    expect(page.locator("#prediction")).to_have_text("3")
    page.wait_for_load_state("networkidle")
    page.click("#copy")
    expect(page.locator("#copied")).to_contain_text("Copied")
    line = page.evaluate("navigator.clipboard.readText()")
    done = subprocess.run(  # noqa: S602 # a shell is where such a line is pasted
        line, shell=True, capture_output=True, text=True, check=True
    )
    answer = json.loads(done.stdout)
    assert answer["prediction"] == 3
    expect(page.locator("#confidence")).to_contain_text(answer["confidence"])
    assert len(page.locator("#curl").inner_text()) < 400


@pytest.mark.usefixtures("stand_in")  # a network from a plain file has no accuracy to tell
def test_the_footer_says_version_and_accuracy(page: Page):
    expect(page.locator("#model")).to_have_text(re.compile(r"version .+ · \d+\.\d+% of the test"))


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_from_its_ground(page: Page, scheme: str):
    """WCAG AA: 4.5 to 1."""
    page.emulate_media(color_scheme=scheme)
    for selector, ground in (
        ("h1", "body"), (".lead", "body"), ("#confidence", ".answer"), (".keys", ".drawing"),
        ("#clear", "#clear"), ("#model", "body"), ("#curl", "#curl"), ("#hint", "#canvas"),
    ):  # fmt: skip
        colours = [
            page.eval_on_selector(where, f"e => getComputedStyle(e).{what}")
            for where, what in ((selector, "color"), (ground, "backgroundColor"))
        ]
        light, dark = sorted(map(luminance, colours), reverse=True)
        assert (light + 0.05) / (dark + 0.05) >= 4.5, selector


def luminance(colour: str) -> float:
    parts = [int(part) / 255 for part in re.findall(r"\d+", colour)[:3]]
    linear = [p / 12.92 if p <= 0.03928 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_nothing_moves_for_who_asked_for_less_motion(page: Page):
    page.emulate_media(reduced_motion="reduce")
    moving = "getComputedStyle(bar, '::-webkit-progress-value').transitionProperty"
    assert page.eval_on_selector("progress", f"bar => {moving}") == "none"
