"""Debian's own Chromium, headless, on the API at API_URL, on one started here, or on a stand-in."""

import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import small_network
from playwright.sync_api import Browser, Page, expect, sync_playwright
from stand_in import StandIn

sys.path.append(str(Path(__file__).resolve().parents[1] / "api"))
from processes import Api  # the path comes first


@pytest.fixture(scope="session")
def network(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("network") / "small.onnx"
    small_network.write(path, small_network.train())
    return path


@pytest.fixture
def stand_in(network: Path) -> Iterator[StandIn]:
    with StandIn(network) as server:
        yield server


@pytest.fixture(scope="session")
def api(network: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Start the API itself; give its address."""
    api = Api(tmp_path_factory.mktemp("api"), [], MODEL_FILE=str(network), WEB_CONCURRENCY="1")
    yield f"{api.wait_ready().url}/"
    assert api.stop() == 0


@pytest.fixture
def address(request: pytest.FixtureRequest) -> str:
    given = os.environ.get("API_URL")
    if given:
        return given.rstrip("/") + "/"
    if "stand_in" in request.fixturenames:  # the test slows it down, or takes its model away
        return str(request.getfixturevalue("stand_in").address)
    return str(request.getfixturevalue("api"))


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    program = os.environ.get("CHROMIUM") or shutil.which("chromium")
    if not program:
        missing = "Chromium is needed: apt-get install chromium, or name it in CHROMIUM."
        (pytest.fail if "CI" in os.environ else pytest.skip)(missing)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=program, args=["--no-sandbox", "--disable-dev-shm-usage"]
        )
        yield browser
        browser.close()


@pytest.fixture
def page(chromium: Browser, address: str) -> Iterator[Page]:
    """The open page. Afterwards: no error was logged, and no request left the origin."""
    context = chromium.new_context(permissions=["clipboard-read", "clipboard-write"])
    page = context.new_page()
    complaints: list[str] = []
    asked: list[str] = []
    page.on("console", lambda said: complaints.append(f"{said.type}: {said.text}"))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    page.goto(address)
    expect(page.locator("#model")).not_to_contain_text("Asking")
    yield page
    context.close()
    origin = urlsplit(address).netloc
    assert [url for url in asked if urlsplit(url).netloc != origin] == []
    # Chromium itself logs each answer of 4xx and 5xx and each lost connection, handled or not
    assert [line for line in complaints if "Failed to load resource" not in line] == []
