"""The page while the server is slow, unreachable or without a model; needs the fake API."""

import os

import pytest
from playwright.sync_api import Page, expect

from support.drawing import draw, expect_no_prediction, wait_until_settled
from support.servers.fake_api import FakeApi

pytestmark = pytest.mark.skipif(
    "API_URL" in os.environ, reason="these tests can't delay or stop a real API"
)


def test_one_request_at_a_time_and_the_newest_drawing_is_shown(page: Page, fake_api: FakeApi):
    fake_api.delay = 0.3
    draw(page, "3")
    page.click("#clear")
    draw(page, "0")
    expect(page.locator("#prediction")).to_have_text("0")
    wait_until_settled(page)
    expect(page.locator("#prediction")).to_have_text("0")
    assert fake_api.max_concurrent == 1


def test_the_result_is_busy_until_the_response_is_shown(page: Page):
    page.route("**/predict", lambda _: None)  # until unroute, which sends it
    with page.expect_request("**/predict"):
        draw(page, "7")
    expect(page.locator("#result")).to_have_attribute("aria-busy", "true")
    page.unroute("**/predict")
    wait_until_settled(page)
    assert page.locator("#prediction").inner_text() == "7"


def test_a_response_that_arrives_after_clearing_is_discarded(page: Page, fake_api: FakeApi):
    draw(page, "7")
    wait_until_settled(page)
    fake_api.delay = 0.5
    with page.expect_response("**/predict"):
        draw(page, "7")
        page.click("#clear")
    wait_until_settled(page)
    expect_no_prediction(page)


def test_without_a_model_the_page_shows_an_error_and_recovers(page: Page, fake_api: FakeApi):
    fake_api.loaded = False
    draw(page, "7")
    expect(page.locator("#error")).to_contain_text("No model is being served yet")
    expect(page.locator("#model")).to_contain_text("No model is active")
    fake_api.loaded = True
    page.click("#clear")
    draw(page, "7")
    expect(page.locator("#prediction")).to_have_text("7")
    expect(page.locator("#error")).to_be_hidden()


def test_another_active_version_is_shown_without_a_reload(page: Page, fake_api: FakeApi):
    fake_api.version = 4
    expect(page.locator("#model")).to_contain_text("version 4")


def test_an_unreachable_server_shows_an_error(page: Page):
    page.context.set_offline(True)
    draw(page, "7")
    expect(page.locator("#error")).to_contain_text("can't be reached")
