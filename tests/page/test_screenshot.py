"""The screenshot in README: UPDATE_SCREENSHOT=1 make test-page takes it again."""

import io
import os

import numpy as np
from PIL import Image
from playwright.sync_api import Page, expect

from support.drawing import draw
from support.processes import ROOT

FILE = ROOT / "docs" / "page.png"
MAX_DIFFERENCE = 0.05  # of black to white, on average: other fonts and another network


def read_grey(png: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(png)).convert("L"), np.float32) / 255


def test_the_screenshot_shows_the_page(page: Page) -> None:
    page.set_viewport_size({"width": 900, "height": 640})
    draw(page, "3")
    expect(page.locator("#prediction")).to_have_text("3")
    png = page.screenshot()
    if os.environ.get("UPDATE_SCREENSHOT"):
        FILE.write_bytes(png)
    taken, stored = read_grey(png), read_grey(FILE.read_bytes())
    assert taken.shape == stored.shape
    assert np.abs(taken - stored).mean() < MAX_DIFFERENCE
