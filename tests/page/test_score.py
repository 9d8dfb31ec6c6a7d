"""The page says what does not look like a digit."""

import pytest
from playwright.sync_api import Page, expect

from support.drawing import draw
from support.servers.fake_api import FakeApi


@pytest.mark.parametrize(("score", "is_unlike"), [(0.49, True), (0.5, False), (None, False)])
def test_a_low_score_is_told_beside_the_prediction(
    fake_api: FakeApi, page: Page, score: float | None, is_unlike: bool
):
    fake_api.score = score
    draw(page, "7")
    expect(page.locator("#prediction")).to_have_text("7")
    expect(page.locator("#unlike")).to_be_visible(visible=is_unlike)
    if is_unlike:
        expect(page.locator("#announcement")).to_contain_text("does not look like a digit")
        page.click("#clear")
        expect(page.locator("#unlike")).to_be_hidden()
