"""Debian's Chromium, headless, on the API at API_URL, on one started here, or on a fake API."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from support.networks import trained as small_network
from support.servers.api import Api
from support.servers.fake_api import FakeApi

expect.set_options(timeout=20_000)  # milliseconds; the page asks for the model every 5 s


@pytest.fixture(scope="session")
def network(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("network") / "small.onnx"
    small_network.write(path, small_network.train())
    return path


@pytest.fixture
def fake_api(network: Path) -> Iterator[FakeApi]:
    with FakeApi(network) as server:
        yield server


@pytest.fixture(scope="session")
def api(network: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Start the real API; yield its address."""
    api = Api(tmp_path_factory.mktemp("api"), [], MODEL_FILE=str(network), WEB_CONCURRENCY="1")
    yield f"{api.wait_ready().url}/"
    assert api.stop() == 0


@pytest.fixture
def address(request: pytest.FixtureRequest) -> str:
    given = os.environ.get("API_URL")
    if given:
        return given.rstrip("/") + "/"
    if "fake_api" in request.fixturenames:  # the test delays it or unloads its model
        return str(request.getfixturevalue("fake_api").address)
    return str(request.getfixturevalue("api"))


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    program = os.environ.get("CHROMIUM") or shutil.which("chromium")
    if not program:
        missing = "Chromium is needed: apt-get install chromium, or name it in CHROMIUM."
        (pytest.fail if "CI" in os.environ else pytest.skip)(missing)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=program,
            args=["--no-sandbox", "--disable-dev-shm-usage", "--no-proxy-server"],
        )
        yield browser
        browser.close()


@pytest.fixture
def page(chromium: Browser, address: str) -> Iterator[Page]:
    """The open page. Afterwards: no error was logged, and all requests were to the origin."""
    context = chromium.new_context(permissions=["clipboard-read", "clipboard-write"])
    page = context.new_page()
    messages: list[str] = []
    urls: list[str] = []
    page.on("console", lambda message: messages.append(f"{message.type}: {message.text}"))
    page.on("pageerror", lambda error: messages.append(str(error)))
    page.on("request", lambda request: urls.append(request.url))
    page.goto(address)
    expect(page.locator("#model")).not_to_contain_text("Loading")
    yield page
    context.close()
    origin = urlsplit(address).netloc
    assert [url for url in urls if urlsplit(url).netloc != origin] == []
    # Chromium itself logs each 4xx and 5xx response and each lost connection, handled or not
    assert [message for message in messages if "Failed to load resource" not in message] == []
