"""GET /metrics: the sums over all workers, from any worker."""

import http.client
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import numpy as np
import pytest

from mnist_api.telemetry.exposition import write_metrics
from mnist_api.telemetry.metrics import Metrics
from support.metrics import read, samples
from support.networks.dense import digit_network
from support.processes import wait_until
from support.registered_model import RegisteredModel
from support.servers.api import BODY, Api

BAD = b'{"image": []}'


@pytest.fixture
def api(start_api: Callable[..., Api], seven: Path) -> Api:
    api = start_api(MODEL_FILE=str(seven)).wait_ready()
    wait_until(lambda: samples(api)["mnist_api_model_version version=file"] == 2)  # workers
    return api


def test_counts_are_the_sums_over_all_workers(api: Api) -> None:
    for _ in range(20):  # over connections of their own, so over both workers
        assert api.predict() == 7
    assert [api.call("/predict", BAD)[0] for _ in range(3)] == [422] * 3
    found = [samples(api) for _ in range(6)]  # through both workers as well
    for one in found:
        assert one["mnist_api_requests_total route=/predict status=200"] == 20
        assert one["mnist_api_requests_total route=/predict status=422"] == 3
        assert one["mnist_api_request_seconds_count route=/predict"] == 23
        assert one["mnist_api_request_seconds_sum route=/predict"] > 0
        assert one["mnist_api_images_total"] == 20
        assert one["mnist_api_batch_images_bucket le=1.0"] == 20
        assert one["mnist_api_predictions_total digit=7"] == 20
        assert one["mnist_api_predictions_total digit=3"] == 0
        assert one["mnist_api_confidence_count"] == 20
        assert one["mnist_api_confidence_bucket le=0.99"] == 0  # the probability is higher
        assert one["mnist_api_model_swaps_total"] == 2


def test_requests_on_one_connection_are_all_counted(api: Api) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", api.port, timeout=10)
    for _ in range(50):
        connection.request("POST", "/predict", BODY, {"Content-Type": "application/json"})
        assert connection.getresponse().read().startswith(b'{"prediction":7')
    connection.close()
    assert samples(api)["mnist_api_requests_total route=/predict status=200"] == 50


def test_routes_are_templates_so_that_their_number_is_fixed(api: Api) -> None:
    for number in range(30):
        assert api.call(f"/{number}")[0] == 404
    assert httpx.put(f"{api.url}/model").status_code == 405
    found = samples(api)
    assert found["mnist_api_requests_total route=other status=404"] == 30
    assert found["mnist_api_requests_total route=/model status=405"] == 1
    assert not [name for name in found if "route=/1" in name]


def test_a_killed_worker_keeps_its_counts_and_loses_its_gauges(api: Api) -> None:
    for _ in range(20):
        api.predict()
    victim = api.workers()[0]
    os.kill(victim, signal.SIGKILL)
    wait_until(lambda: victim not in api.workers() and len(api.workers()) == 2)
    wait_until(lambda: api.log().count("Application startup complete") == 3)
    found = samples(api)
    assert found["mnist_api_requests_total route=/predict status=200"] == 20
    assert found["mnist_api_model_version version=file"] == 2
    assert found["mnist_api_worker_starts_total"] == 3
    for _ in range(10):
        api.predict()
    assert samples(api)["mnist_api_requests_total route=/predict status=200"] == 30


@pytest.mark.slow
def test_a_new_start_counts_from_zero(start_api: Callable[..., Api], seven: Path) -> None:
    for _ in range(2):
        api = start_api(MODEL_FILE=str(seven)).wait_ready()
        api.predict()
        assert samples(api)["mnist_api_requests_total route=/predict status=200"] == 1
        assert api.stop() == 0


@pytest.mark.slow
def test_open_connections_are_a_gauge(api: Api) -> None:
    with httpx.Client() as client:
        client.post(f"{api.url}/predict", content=BODY)  # an error, on a connection that stays open
        wait_until(lambda: samples(api)["mnist_api_connections"] >= 1)
    wait_until(
        lambda: samples(api)["mnist_api_connections"] <= 1
    )  # at most the connection of this request


@pytest.mark.slow
def test_versions_swaps_and_failed_polls_are_exported(
    start_api: Callable[..., Api], model: RegisteredModel
) -> None:
    model.register(digit_network(1))
    api = start_api(**model.settings()).wait_ready()
    wait_until(lambda: samples(api).get("mnist_api_model_version version=1") == 2)
    model.register(digit_network(2))
    wait_until(lambda: samples(api).get("mnist_api_model_version version=2") == 2)
    found = samples(api)
    assert "mnist_api_model_version version=1" not in found
    assert found["mnist_api_desired_version state=active version=2"] == 2
    assert found["mnist_api_model_swaps_total"] == 4
    assert found["mnist_api_refresh_failures_total"] == 0
    start = found["mnist_api_start_time_seconds"]
    created = found["mnist_api_model_created_timestamp_seconds version=2"]
    assert start < created < time.time() < start + 600
    assert "mnist_api_model_created_timestamp_seconds version=1" not in found
    model.register(b"not ONNX")
    wait_until(lambda: samples(api)["mnist_api_model_refusals_total"] == 2)
    assert samples(api)["mnist_api_refresh_failures_total"] == 0
    model.relay.cut()
    wait_until(lambda: samples(api)["mnist_api_refresh_failures_total"] > 0)
    assert api.predict() == 2


@pytest.mark.parametrize("images", [1, 2, 300])
def test_a_batch_counts_like_its_single_images(images: int) -> None:
    """Compared with counting the images one by one."""
    generator = np.random.default_rng(images)
    probabilities = generator.dirichlet(np.full(10, 0.2), images).astype(np.float32)
    at_once, singly = Metrics([]), Metrics([])
    at_once.acquire()
    singly.acquire()
    at_once.count_predictions(probabilities)
    for row in probabilities:
        singly.count_predictions(row[np.newaxis])
    one, other = (read(write_metrics(metrics).decode()) for metrics in (at_once, singly))
    for name, value in one.items():
        if name.startswith(("mnist_api_predictions", "mnist_api_confidence", "mnist_api_images")):
            assert other[name] == pytest.approx(value), name
    assert one["mnist_api_batch_images_count"] == 1
