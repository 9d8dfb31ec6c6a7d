"""The page under mouse, touch, keyboard and files, on desktop and phone screens."""

import json
import re
import subprocess
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from support.drawing import (
    SAMPLES,
    STROKES,
    count_ink,
    draw,
    expect_no_prediction,
    wait_until_settled,
)


@pytest.mark.parametrize("digit", STROKES)
def test_drawn_strokes_are_classified(page: Page, digit: str):
    draw(page, digit)
    expect(page.locator("#prediction")).to_have_text(digit)
    expect(page.locator(".bars .first > span").first).to_have_text(digit)
    texts = page.locator(".probability").all_inner_texts()
    assert sum(float(text.rstrip("%")) for text in texts) == pytest.approx(100, abs=1)
    assert count_ink(page, "#input") > 120
    expect(page.locator("#announcement")).to_contain_text(f"{digit}, ")


def test_the_prediction_is_shown_while_the_stroke_is_still_drawn(page: Page):
    draw(page, "0", button_up=False)
    expect(page.locator("#prediction")).to_have_text("0")


def test_a_cleared_canvas_shows_no_prediction(page: Page):
    for clear in (lambda: page.click("#clear"), lambda: page.keyboard.press("Escape")):
        draw(page, "7")
        expect(page.locator("#prediction")).to_have_text("7")
        clear()
        page.wait_for_load_state("networkidle")
        expect_no_prediction(page)


def test_the_page_shows_no_prediction_at_first(page: Page):
    expect_no_prediction(page)


def test_touch_draws_and_does_not_scroll(chromium: Browser, address: str):
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
    types = ["touchStart"] + ["touchMove"] * (len(STROKES["3"]) - 1)
    for kind, (x, y) in zip(types, STROKES["3"], strict=True):
        point = {"x": box["x"] + x * box["width"], "y": box["y"] + y * box["height"]}
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [point]})
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
    focused = []
    for _ in range(4):
        page.keyboard.press("Tab")
        focused.append(page.evaluate("document.activeElement.id"))
        outline = "getComputedStyle(document.activeElement).outlineStyle"
        assert page.evaluate(outline) == "solid"
    assert focused == ["clear", "choose", "copy", "curl"]
    page.keyboard.press("Escape")
    expect(page.locator("#prediction")).to_have_text("\u2013")


@pytest.mark.parametrize("name", ["seven", "three-on-paper", "zero-drawn"])
def test_a_chosen_picture_is_classified(page: Page, name: str):
    page.set_input_files("#file", SAMPLES / f"{name}.png")
    digit = {"seven": "7", "three-on-paper": "3", "zero-drawn": "0"}[name]
    expect(page.locator("#prediction")).to_have_text(digit)


@pytest.mark.parametrize("event", ["drop", "paste"])
def test_a_dropped_or_pasted_picture_is_classified(page: Page, event: str):
    content = list((SAMPLES / "seven.png").read_bytes())
    page.evaluate(
        """([content, kind]) => {
            const data = new DataTransfer();
            data.items.add(new File([new Uint8Array(content)], "7.png", {type: "image/png"}));
            const event = kind === "drop"
                ? new DragEvent("drop", {dataTransfer: data, bubbles: true, cancelable: true})
                : new ClipboardEvent("paste", {clipboardData: data, bubbles: true});
            document.getElementById("canvas").dispatchEvent(event);
        }""",
        [content, event],
    )
    expect(page.locator("#prediction")).to_have_text("7")


def test_a_file_that_is_no_picture_shows_an_error_message(page: Page, tmp_path: Path):
    (tmp_path / "letter.png").write_text("not a picture")
    page.set_input_files("#file", tmp_path / "letter.png")
    expect(page.locator("#error")).to_contain_text("PNG, JPEG, WebP or BMP")
    expect(page.locator("#prediction")).to_have_text("\u2013")
    page.click("#clear")
    expect(page.locator("#error")).to_be_hidden()


def test_the_copied_curl_command_gives_the_same_prediction_in_a_shell(page: Page):
    draw(page, "3")
    expect(page.locator("#prediction")).to_have_text("3")
    wait_until_settled(page)
    page.click("#copy")
    expect(page.locator("#copied")).to_contain_text("Copied")
    command = page.evaluate("navigator.clipboard.readText()")
    process = subprocess.run(  # noqa: S602 # a user pastes the command into a shell
        command, shell=True, capture_output=True, text=True, check=True
    )
    response = json.loads(process.stdout)
    assert response["prediction"] == 3
    expect(page.locator("#confidence")).to_contain_text(response["confidence"])
    assert len(page.locator("#curl").inner_text()) < 400


@pytest.mark.usefixtures("fake_api")  # a model from MODEL_FILE has no version and no accuracy
def test_the_footer_shows_version_and_accuracy(page: Page):
    expect(page.locator("#model")).to_have_text(re.compile(r"version .+ · \d+\.\d+% of the test"))


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_has_enough_contrast(page: Page, scheme: str):
    """WCAG AA requires 4.5 to 1."""
    page.emulate_media(color_scheme=scheme)
    for selector, background in (
        ("h1", "body"), (".lead", "body"), ("#confidence", ".prediction"), (".keys", ".drawing"),
        ("#clear", "#clear"), ("#model", "body"), ("#curl", "#curl"), ("#hint", "#canvas"),
    ):  # fmt: skip
        colours = [
            page.eval_on_selector(element, f"e => getComputedStyle(e).{style}")
            for element, style in ((selector, "color"), (background, "backgroundColor"))
        ]
        light, dark = sorted(map(luminance, colours), reverse=True)
        assert (light + 0.05) / (dark + 0.05) >= 4.5, selector


def luminance(colour: str) -> float:
    parts = [int(part) / 255 for part in re.findall(r"\d+", colour)[:3]]
    linear = [p / 12.92 if p <= 0.03928 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_reduced_motion_disables_transitions(page: Page):
    page.emulate_media(reduced_motion="reduce")
    transition = "getComputedStyle(bar, '::-webkit-progress-value').transitionProperty"
    assert page.eval_on_selector("progress", f"bar => {transition}") == "none"
