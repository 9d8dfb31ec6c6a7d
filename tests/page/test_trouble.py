"""What the page does when the server is slow, away or without a model: needs the stand-in."""

import os

import pytest
from playwright.sync_api import Page, expect
from stand_in import StandIn
from test_page import draw, expect_nothing

pytestmark = pytest.mark.skipif(
    "API_URL" in os.environ, reason="a real API is not slowed down or stopped from here"
)


def test_one_request_at_a_time_and_the_newest_strokes_win(page: Page, stand_in: StandIn):
    stand_in.delay = 0.3
    draw(page, "3")
    page.click("#clear")
    draw(page, "0")
    expect(page.locator("#prediction")).to_have_text("0")
    page.wait_for_timeout(700)
    expect(page.locator("#prediction")).to_have_text("0")
    assert stand_in.max_fast_bytes == 1


def test_an_answer_that_comes_after_the_clear_is_dropped(page: Page, stand_in: StandIn):
    stand_in.delay = 0.5
    with page.expect_response("**/predict"):
        draw(page, "7")
        page.click("#clear")
    page.wait_for_timeout(200)
    expect_nothing(page)


def test_without_a_model_the_page_says_so_and_recovers(page: Page, stand_in: StandIn):
    stand_in.loaded = False
    draw(page, "7")
    expect(page.locator("#trouble")).to_contain_text("No model is being served yet")
    expect(page.locator("#model")).to_contain_text("No model serves", timeout=10_000)
    stand_in.loaded = True
    page.click("#clear")
    draw(page, "7")
    expect(page.locator("#prediction")).to_have_text("7")
    expect(page.locator("#trouble")).to_be_hidden()


def test_a_swapped_model_shows_by_itself(page: Page, stand_in: StandIn):
    stand_in.version = 4
    expect(page.locator("#model")).to_contain_text("version 4", timeout=10_000)


def test_a_server_that_is_away_is_named(page: Page):
    page.context.set_offline(True)
    draw(page, "7")
    expect(page.locator("#trouble")).to_contain_text("can't be reached")
