"""The page in French, for a browser whose language is French."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from support.drawing import draw

PAGE = Path(__file__).resolve().parents[2] / "api" / "mnist_api" / "web" / "page"
FRENCH = dict(re.findall(r'^  "(.+?)":\s+"(.+?)",$', (PAGE / "texts.js").read_text(), re.MULTILINE))
SAME = {"{name}, version {version}"}  # in both languages
SHOWN = """() => [
  document.body.innerText,
  ...[...document.querySelectorAll("[aria-label]")].map(e => e.getAttribute("aria-label")),
  ...[...document.querySelectorAll("[title]")].map(e => e.title),
].join("\\n")"""


@pytest.fixture
def french(chromium: Browser, address: str) -> Iterator[Page]:
    context = chromium.new_context(locale="fr-CA")
    page = context.new_page()
    page.goto(address)
    expect(page.locator("#model")).not_to_contain_text("Chargement")
    yield page
    context.close()


def is_shown(english: str, text: str) -> bool:
    words = [re.escape(part) for part in re.split(r"\{\w+\}", english)]
    return re.search(r"(?<!\w)" + ".+".join(words) + r"(?!\w)", text) is not None


def test_a_prediction_is_in_french(french: Page):
    draw(french, "3")
    expect(french.locator("#prediction")).to_have_text("3")
    expect(french.locator("#confidence")).to_have_text(re.compile(r"^sûr à \d+,\d\d\s%$"))
    expect(french.locator("#announcement")).to_contain_text("3, sûr à")
    expect(french.locator("#second")).to_have_text(re.compile(r"^puis \d, \d+,\d\s%$"))
    assert french.evaluate("document.documentElement.lang") == "fr"
    assert french.title() == "Dessinez un chiffre"


@pytest.mark.parametrize("is_drawn", [False, True], ids=["empty", "drawn"])
def test_no_english_is_left(french: Page, is_drawn: bool):
    if is_drawn:
        draw(french, "7")
        expect(french.locator("#prediction")).to_have_text("7")
    shown = french.evaluate(SHOWN)
    assert [text for text in FRENCH.keys() - SAME if is_shown(text, shown)] == []
    assert "du réseau" in shown


def test_every_text_of_the_page_has_a_translation():
    code = "".join(file.read_text() for file in PAGE.glob("*.js") if file.name != "texts.js")
    called = re.findall(r'translate\(\s*"(.+?)"', code)
    assert len(called) >= 10
    assert [text for text in called if text not in FRENCH] == []
    html = re.sub(r"\s+", " ", (PAGE / "index.html").read_text())
    assert [text for text in FRENCH if text not in html and f'"{text}"' not in code] == []
    body = re.sub(r"<kbd>[←↑↓→]</kbd>|<[^>]+>", "\n", html.partition("<header>")[2])
    texts = {text.strip() for text in body.split("\n")} - {"", "\u2013", "&nbsp;"}
    assert texts - FRENCH.keys() == set()


def test_another_language_is_in_english(page: Page):
    assert page.evaluate("document.documentElement.lang") == "en"
    expect(page.locator("h1")).to_have_text("Draw a digit")
