"""A page of another origin calls the API from Chromium."""

from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from support.servers.api import Api
from support.servers.local_http import run_server

FETCH = """async ([url, pixels]) => {
    const headers = { "Content-Type": "application/json", "X-Request-ID": "mine-1" };
    const body = JSON.stringify({ image: Array(pixels).fill(0) });
    const response = await fetch(url, { method: "POST", headers, body });
    return [response.status, await response.json(), response.headers.get("X-Request-ID")];
}"""
DRAW = """async (url) => {
    const canvas = document.createElement("canvas");
    const context = canvas.getContext("2d");
    context.fillRect(140, 30, 12, 90);
    const headers = { "Content-Type": "application/json" };
    const body = JSON.stringify({ image: canvas.toDataURL() });
    return (await fetch(url, { method: "POST", headers, body })).json();
}"""


class Handler(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Log nothing."""


@pytest.fixture
def other_origin(tmp_path: Path) -> Iterator[str]:
    """Serve an empty page on another port."""
    (tmp_path / "index.html").write_text("<!doctype html><title>Another page</title>")
    handler = partial(Handler, directory=str(tmp_path))
    with run_server(ThreadingHTTPServer(("127.0.0.1", 0), handler)) as address:
        yield address


def test_a_page_of_an_allowed_origin_reads_predictions_and_errors(
    chromium: Browser, network: Path, tmp_path: Path, other_origin: str
) -> None:
    settings = {"MODEL_FILE": str(network), "WEB_CONCURRENCY": "1", "CORS_ORIGINS": other_origin}
    api = Api(tmp_path, [], **settings).wait_ready()
    try:
        page = chromium.new_page()
        page.goto(other_origin)
        url = f"{api.url}/predict"
        status, answer, request_id = page.evaluate(FETCH, [url, 784])
        assert (status, len(answer["probabilities"]), request_id) == (200, 10, "mine-1")
        status, answer, request_id = page.evaluate(FETCH, [url, 783])
        assert (status, request_id) == (422, "mine-1")
        assert "783 numbers" in answer["detail"]
        assert len(page.evaluate(DRAW, url)["probabilities"]) == 10
        page.goto(other_origin.replace("127.0.0.1", "localhost"))
        assert page.evaluate(f"fetch('{url}').catch((error) => error.name)") == "TypeError"
        page.close()
    finally:
        assert api.stop() == 0
