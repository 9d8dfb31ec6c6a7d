"""Drift: real traffic to two workers, compared with the validation images of the version."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import numpy as np
import pytest

from support.digit_version import DigitVersion
from support.metrics import samples
from support.networks.dense import digit_network
from support.pictures.digits import read_digits
from support.pictures.drawn import enlarged, packed
from support.pictures.drifted import drift
from support.processes import wait_until
from support.registered_model import RegisteredModel
from support.servers.api import Api

SHAPE = ["center_x", "center_y", "width", "height", "slant"]
FEATURES = ["ink", *SHAPE, "confidence", "digit_score", "digit"]
CLEAN = read_digits(10_000)[::5].astype(np.float32) / 255  # of all writers
STORED = 1.2  # seconds after which each worker has stored its last sample


@contextmanager
def traffic(api: Api, images: np.ndarray) -> Iterator[None]:
    """Send ``images`` in random order, each on a new connection, as any of the workers may get."""
    stopped, random = threading.Event(), np.random.default_rng(0)

    def send() -> None:
        while not stopped.wait(0.1):
            body = images[random.integers(len(images))].tobytes()
            answer = httpx.post(
                f"{api.url}/predict?dtype=float32",
                content=body,
                headers={"Content-Type": "application/octet-stream"},
            )
            assert answer.status_code == 200

    thread = threading.Thread(target=send)
    thread.start()
    try:
        yield
    finally:
        stopped.set()
        thread.join()


def find_drift(api: Api) -> dict[str, Any]:
    status, found = api.call("/drift")
    assert status == 200, found
    return found


@pytest.fixture
def digits(
    start_api: Callable[..., Api], model: RegisteredModel, digit_version: DigitVersion
) -> tuple[Api, RegisteredModel]:
    model.score, model.reference = digit_version.score, digit_version.reference
    model.register(digit_version.network)
    api = start_api(**model.settings()).wait_all_ready()
    return api, model


def test_changed_digits_are_found_and_clean_ones_are_not(
    digits: tuple[Api, RegisteredModel],
) -> None:
    """All workers' samples are compared, whichever answers, and a swap begins anew."""
    api, model = digits
    with traffic(api, CLEAN):
        wait_until(lambda: find_drift(api)["images"] >= 60, 60)
    time.sleep(STORED)
    found = find_drift(api)
    assert (found["available"], found["version"], found["detected"]) == (True, "1", False)
    assert list(found["features"]) == FEATURES
    metrics = samples(api)
    assert metrics["mnist_api_drift_detected"] == 0
    assert metrics["mnist_api_drift_images"] == found["images"]
    for name, feature in found["features"].items():
        assert 0 < feature["psi"] < 1  # by chance above 0.25 with so few images
        assert metrics[f"mnist_api_drift_psi feature={name}"] == pytest.approx(feature["psi"])
        assert feature["p_value"] > 1e-9  # the API's own bound
        assert metrics.get(f"mnist_api_drift_outside feature={name}") == feature["outside"]
        assert (feature["outside"] is None) == (name in ("slant", "digit"))
    with traffic(api, drift(read_digits(2000), "inverted")):
        wait_until(lambda: find_drift(api)["features"]["ink"]["drifted"], 60)
    time.sleep(STORED)
    found = find_drift(api)
    assert found["detected"]
    assert found["features"]["ink"]["outside"] > found["features"]["ink"]["outside_bound"]
    assert samples(api)["mnist_api_drift_detected"] == 1
    network = digit_network(1)  # a version without the file
    model.score = model.reference = None
    model.register(network)
    wait_until(lambda: all(not find_drift(api)["available"] for _ in range(12)))
    assert find_drift(api) == {
        "available": False,
        "version": "2",
        "since": None,
        "images": 0,
        "detected": None,
        "features": {},
    }
    assert not [name for name in samples(api) if "drift_" in name]
    model.promote("1")
    wait_until(lambda: all(find_drift(api)["available"] for _ in range(12)))
    again = find_drift(api)
    assert (again["version"], again["images"], again["detected"]) == ("1", 0, None)
    metrics = samples(api)
    assert metrics["mnist_api_drift_images"] == 0
    assert "mnist_api_drift_detected" not in metrics, "it is not known yet"


@pytest.mark.parametrize("kind", ["rotated by 30°", "inverted"])
@pytest.mark.slow
def test_each_change_is_found_within_two_minutes(
    digits: tuple[Api, RegisteredModel], kind: str
) -> None:
    """At one request a second it is found as soon as at several: the samples are as many."""
    api, _ = digits
    with traffic(api, drift(read_digits(2000), kind)):
        wait_until(lambda: find_drift(api)["detected"], 60)
    assert find_drift(api)["images"] <= 120


@pytest.mark.slow
def test_clean_pictures_raise_no_alarm(digits: tuple[Api, RegisteredModel]) -> None:
    """Their digit score would within 100 images: preparation changes the edges of the strokes."""
    api, _ = digits
    random, images = np.random.default_rng(0), read_digits(2000).reshape(-1, 28, 28)

    def send() -> int:
        page = packed(255 - 255 * enlarged(images[random.integers(len(images))]))
        headers = {"Content-Type": "image/png"}
        answer = httpx.post(f"{api.url}/predict", content=page, headers=headers)
        assert answer.status_code in (200, 422), "a few are refused as no digits"
        return find_drift(api)["images"]

    wait_until(lambda: send() >= 100, 120)
    found = find_drift(api)
    assert found["detected"] is False
    unknown = [name for name, feature in found["features"].items() if feature["psi"] is None]
    assert unknown == ["ink", "digit_score"]
    assert "mnist_api_drift_psi feature=digit_score" not in samples(api)


@pytest.mark.slow
def test_at_one_request_a_second_each_image_is_sampled(
    digits: tuple[Api, RegisteredModel],
) -> None:
    api, _ = digits
    for image in CLEAN[:12]:
        status, _ = api.call("/predict", json.dumps({"image": image.tolist()}).encode())
        assert status == 200
        time.sleep(1)
    wait_until(lambda: find_drift(api)["images"] == 12)


def test_a_batch_is_one_sample(digits: tuple[Api, RegisteredModel]) -> None:
    """A client of few large batches is not judged by images that came together."""
    api, _ = digits
    for _ in range(3):
        answer = httpx.post(
            f"{api.url}/predict?dtype=float32",
            content=CLEAN[:200].tobytes(),
            headers={"Content-Type": "application/octet-stream"},
        )
        assert answer.status_code == 200
    time.sleep(STORED)
    assert 1 <= find_drift(api)["images"] <= 3


def test_without_a_model_there_is_no_comparison(
    start_api: Callable[..., Api], model: RegisteredModel
) -> None:
    api = start_api(**model.settings()).wait_listening()
    status, problem = api.call("/drift")
    assert (status, problem["title"]) == (503, "Service Unavailable")
    assert not [name for name in samples(api) if "drift_" in name]


def test_a_version_with_a_damaged_reference_is_refused(
    digits: tuple[Api, RegisteredModel], digit_version: DigitVersion
) -> None:
    api, model = digits
    model.reference = digit_version.reference.replace(b'"edges": [', b'"edges": [1e9, ')
    model.register(digit_version.network)
    wait_until(lambda: api.log().count("Version 2 is not activated: its drift reference") == 2)
    assert find_drift(api)["version"] == "1"


def test_a_model_file_has_no_drift(start_api: Callable[..., Api], seven: Any) -> None:
    api = start_api(MODEL_FILE=str(seven)).wait_ready()
    assert find_drift(api)["available"] is False
