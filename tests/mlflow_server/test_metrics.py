"""GET /metrics of the tracking server: requests by resource, and whether the database responds."""

import contextlib
import sqlite3
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from support.metrics import read
from support.processes import wait_until
from support.servers.tracking import TrackingServer, tracking_server

SEARCH = "/api/2.0/mlflow/experiments/search"
BODY = '{"max_results": 1}'


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("measured")


@pytest.fixture(scope="module")
def measured(folder: Path) -> Iterator[TrackingServer]:
    """A server whose database the tests of this module change."""
    with tracking_server(folder) as server:
        yield server


def samples(server: TrackingServer, **headers: str) -> dict[str, float]:
    response = server.send("GET", "/metrics", **headers)
    assert response.status == 200
    assert response.headers["content-type"].startswith("text/plain")
    return read(response.body)


@pytest.mark.parametrize(
    ("method", "path", "labels"),
    [
        ("GET", f"{SEARCH}?max_results=1", "resource=experiments status=200"),
        ("POST", SEARCH.replace("/api/", "/ajax-api/"), "resource=experiments status=200"),
        ("GET", "/api/2.0/mlflow/runs/get?run_id=x", "resource=runs status=404"),
        ("GET", "/api/2.0/mlflow-artifacts/artifacts", "resource=mlflow-artifacts status=200"),
        ("GET", "/health", "resource=pages status=200"),
        ("POST", "/metrics", "resource=closed status=404"),
        ("GET", "/ajax-api/3.0/mlflow/assistant/config", "resource=closed status=404"),
    ],
)
def test_a_request_is_measured_by_its_resource_and_status(
    measured: TrackingServer, method: str, path: str, labels: str
):
    name = f"mlflow_request_seconds_count {labels}"
    before = samples(measured).get(name, 0)
    measured.send(method, path, BODY if method == "POST" else None)
    wait_until(lambda: samples(measured).get(name, 0) > before)  # just after the response has ended
    after = samples(measured)
    assert after[name] == before + 1
    assert after[f"mlflow_request_seconds_sum {labels}"] > 0


def test_a_scrape_counts_no_request_and_is_answered_by_any_name(measured: TrackingServer):
    first = samples(measured, Host="prometheus.example")
    assert first["mlflow_database_up"] == 1
    assert first["mlflow_database_seconds"] > 0
    assert first["process_resident_memory_bytes"] > 0
    second = samples(measured)
    requests = [name for name in first if name.startswith("mlflow_request_seconds_count")]
    assert {name: second[name] for name in requests} == {name: first[name] for name in requests}


def test_the_database_is_down_while_it_does_not_respond(measured: TrackingServer, folder: Path):
    rename = "ALTER TABLE {} RENAME TO {}"
    with sqlite3.connect(folder / "mlflow.db") as database:
        database.execute(rename.format("experiments", "lost"))
    wait_until(lambda: samples(measured)["mlflow_database_up"] == 0)
    assert measured.send("GET", "/health").status == 200
    with sqlite3.connect(folder / "mlflow.db") as database:
        database.execute(rename.format("lost", "experiments"))
    wait_until(lambda: samples(measured)["mlflow_database_up"] == 1)


def test_scrapes_share_one_search_which_has_a_time_limit(measured: TrackingServer, folder: Path):
    """MLflow has 40 threads: were each scrape to search, none would be left for other requests."""
    with (
        contextlib.closing(sqlite3.connect(folder / "mlflow.db")) as database,
        ThreadPoolExecutor(60) as scrapers,
    ):
        database.execute("BEGIN EXCLUSIVE")  # a search waits for 20 seconds
        wait_until(lambda: samples(measured)["mlflow_database_up"] == 0)
        begin = time.monotonic()
        scrapes = [scrapers.submit(samples, measured) for _ in range(60)]
        while not all(scrape.done() for scrape in scrapes):
            assert measured.send("GET", "/health").status == 200
        assert {scrape.result()["mlflow_database_up"] for scrape in scrapes} == {0}
        assert time.monotonic() - begin < 10  # Prometheus' time limit of a scrape
        database.rollback()
        wait_until(lambda: samples(measured)["mlflow_database_up"] == 1, 40)


def test_a_result_is_that_of_the_scrapes_of_some_seconds(measured: TrackingServer):
    wait_until(lambda: samples(measured)["mlflow_database_up"] == 1)
    seconds = [samples(measured)["mlflow_database_seconds"] for _ in range(20)]
    assert len(set(seconds)) <= 2
    wait_until(lambda: samples(measured)["mlflow_database_seconds"] != seconds[-1])
