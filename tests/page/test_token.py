"""The page asks for the API's token, and keeps it until its tab is closed."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from support.drawing import draw
from support.servers.api import Api

TOKEN = "correct-horse-battery-staple"  # noqa: S105 # of this test
HOLD_REFUSAL = """
const json = Response.prototype.json;
Response.prototype.json = async function () {
  if (this.status === 401 && this.url.includes("digit"))
    await new Promise((resolve) => { globalThis.readRefusal = resolve; });
  return json.call(this);
};
"""


@pytest.fixture
def closed_api(network: Path, tmp_path: Path) -> Iterator[str]:
    """Start an API with a token; yield its address."""
    path = tmp_path / "token"
    path.write_text(TOKEN)
    settings = {"MODEL_FILE": str(network), "WEB_CONCURRENCY": "1", "API_TOKEN_FILE": str(path)}
    api = Api(tmp_path, [], **settings).wait_ready()
    yield api.url
    assert api.stop() == 0


def test_the_page_predicts_with_the_token_that_it_asks_for(
    chromium: Browser, closed_api: str
) -> None:
    page = chromium.new_page()
    page.goto(closed_api)
    field = page.get_by_label("This API needs a token")
    field.fill("another-token-of-this-length")
    field.press("Enter")
    expect(field).to_be_visible()
    draw(page, "7")
    expect(page.locator("#error")).to_contain_text("token")
    field.fill(TOKEN)
    field.press("Enter")
    expect(page.locator("#model")).to_contain_text("small.onnx")
    expect(page.locator("#prediction")).to_have_text("7")
    expect(field).to_be_hidden()
    expect(page.locator("#curl")).to_contain_text("Authorization: Bearer $TOKEN")
    page.reload()
    expect(page.locator("#model")).to_contain_text("small.onnx")
    expect(field).to_be_hidden()
    page.close()


def test_a_response_to_an_earlier_token_does_not_ask_for_the_token_again(
    chromium: Browser, closed_api: str
) -> None:
    page = chromium.new_page()
    page.add_init_script(HOLD_REFUSAL)
    page.goto(closed_api)
    field = page.get_by_label("This API needs a token")
    expect(field).to_be_visible()
    with page.expect_response("**/digit?*"):
        draw(page, "7")
    page.wait_for_function("Boolean(globalThis.readRefusal)")
    field.fill(TOKEN)
    field.press("Enter")
    expect(page.locator("#model")).to_contain_text("small.onnx")
    page.evaluate("readRefusal()")
    expect(page.locator("#prediction")).to_have_text("7")
    expect(field).to_be_hidden()
    expect(page.locator("#error")).to_be_hidden()
    page.close()


def test_a_token_with_an_odd_character_is_neither_sent_nor_taken(
    chromium: Browser, closed_api: str
) -> None:
    """It was pasted: with a zero-width space, or with a dash in the place of "--"."""
    page = chromium.new_page()
    page.add_init_script(f"sessionStorage.setItem('api-token', '{TOKEN}\u200b')")
    page.goto(closed_api)
    field = page.get_by_label("This API needs a token")
    for odd in (f"{TOKEN}\u200b", TOKEN.replace("-", "\u2013")):
        field.fill(odd)
        field.press("Enter")
        expect(page.locator("#token:invalid")).to_be_visible()
        expect(field).to_have_attribute("title", re.compile("ASCII characters"))
    draw(page, "7")
    expect(page.locator("#error")).to_contain_text("needs a token")
    field.fill(f" {TOKEN} ")
    field.press("Enter")
    expect(page.locator("#prediction")).to_have_text("7")
    expect(field).to_be_hidden()
    page.close()
