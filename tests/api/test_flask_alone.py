"""The Flask app under another worker, without the API's configuration of gunicorn."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from support.processes import free_port, wait_until
from support.servers.api import BODY, Api


@pytest.fixture(scope="module")
def api(start_apis: Callable[..., Api], seven: Path) -> Api:
    port = str(free_port())
    arguments = ("-c", "/dev/null", "-k", "gthread", "-b", f"127.0.0.1:{port}")
    app = "mnist_api.main:create_wsgi()"
    return start_apis(*arguments, app, MODEL_FILE=str(seven), PORT=port).wait_ready()


def test_it_counts_and_logs_each_request(api: Api) -> None:
    headers = {"Content-Type": "application/json", "X-Request-ID": "mine-1"}
    answer = api.client.post("/predict", content=BODY, headers=headers)
    assert answer.json()["prediction"] == 7
    assert answer.headers["X-Request-ID"] == "mine-1"
    assert api.client.post("/nothing").status_code == 404
    metrics = api.client.get("/metrics").text
    assert 'mnist_api_requests_total{route="/predict",status="200"} 1.0' in metrics
    assert 'mnist_api_requests_total{route="other",status="404"} 1.0' in metrics
    assert 'mnist_api_predictions_total{digit="7"} 1.0' in metrics
    wait_until(lambda: '"id":"mine-1"' in api.log())
    line = next(line for line in api.log().splitlines() if '"id":"mine-1"' in line)
    logged = json.loads(line)
    assert (logged["path"], logged["status"], logged["version"]) == ("/predict", 200, "file")


def test_it_has_every_route_of_the_table(api: Api) -> None:
    for path in ("/", "/docs", "/openapi.json", "/health", "/model", "/v2", "/ping", "/version"):
        answer = api.client.get(path)
        assert answer.status_code == 200, path
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert len(answer.headers.get_list("Date")) == 1
    page = api.client.get("/page/page.js")
    again = api.client.get("/page/page.js", headers={"If-None-Match": page.headers["ETag"]})
    assert again.status_code == 304
    assert api.client.get("/page//x").status_code == 404
