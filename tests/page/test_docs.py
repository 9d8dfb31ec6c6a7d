"""The API reference in a browser, with its content security policy."""

import json
from urllib.request import urlopen

from playwright.sync_api import Page, expect


def test_every_operation_and_schema_is_shown(page: Page, address: str):
    with urlopen(f"{address}openapi.json") as answer:  # noqa: S310 # our own
        spec = json.load(answer)
    page.goto(f"{address}docs")
    operations = sum(len(methods) for methods in spec["paths"].values())
    schemas = len(spec["components"]["schemas"])
    expect(page.locator("h1")).to_contain_text(spec["info"]["title"])
    expect(page.locator("details")).to_have_count(operations + schemas)
    expect(page.locator("summary", has_text="/predict").first).to_be_visible()


def test_an_operation_opens_and_links_to_its_schemas(page: Page, address: str):
    page.goto(f"{address}docs")
    page.locator("#predict > summary").click()
    expect(page.locator("#predict")).to_contain_text("multipart/form-data")
    expect(page.locator("#predict")).to_contain_text("415")
    page.locator("#predict a", has_text="Predictions").first.click()
    expect(page.locator("#schema-Predictions")).to_have_attribute("open", "")
    expect(page.locator("#schema-Predictions")).to_contain_text("predictions")
