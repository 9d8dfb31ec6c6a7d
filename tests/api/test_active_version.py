"""The active version with a real registry, and while the registry fails."""

import threading
from collections.abc import Callable

import httpx
import pytest

from support.networks.dense import digit_network, invalid_network
from support.processes import wait_until
from support.registered_model import RegisteredModel
from support.servers.api import IMAGE, Api


def test_the_promoted_version_becomes_active_and_is_fetched_once(
    start_api: Callable[..., Api], model: RegisteredModel
) -> None:
    version = model.register(digit_network(1))
    api = start_api(**model.settings()).wait_ready()
    wait_until(lambda: api.log().count("is active") == 2)  # a worker may load it from the cache
    assert api.all_predict(1)
    assert model.downloads() == 1
    description = api.model()
    registered = model.client.get_model_version(model.name, version)
    assert description["version"] == version
    assert description["run_id"] == registered.run_id
    assert description["sha256"] == registered.tags["sha256"]
    assert (description["test_accuracy"], description["source"]) == (0.98, "registry")
    assert {str(api.model()["since"]) for _ in range(6)} == {str(description["since"])}
    assert str(description["since"]).endswith("+00:00")


def test_a_new_version_becomes_active_under_traffic_without_a_failed_request(
    start_api: Callable[..., Api], model: RegisteredModel
) -> None:
    first = model.register(digit_network(1))
    api = start_api(**model.settings()).wait_all_ready()
    stop, seen, failed = threading.Event(), [], []

    def send() -> None:
        with httpx.Client() as client:
            while not stop.is_set():
                try:
                    answer = client.post(f"{api.url}/predict", json={"image": IMAGE}, timeout=10)
                    seen.append(answer.json()["prediction"])
                except (httpx.HTTPError, KeyError) as error:
                    failed.append(error)

    clients = [threading.Thread(target=send) for _ in range(4)]
    for client in clients:
        client.start()
    try:
        model.register(digit_network(2))
        wait_until(lambda: api.all_predict(2))
        model.promote(first)  # by hand, back again
        wait_until(lambda: api.all_predict(1))
    finally:
        stop.set()
        for client in clients:
            client.join()
    assert failed == []
    assert set(seen) == {1, 2}
    assert model.downloads() == 2


def test_without_an_alias_the_newest_version_in_the_stage_is_active(
    start_api: Callable[..., Api], model: RegisteredModel
) -> None:
    for digit in (1, 2, 3):
        version = model.register(digit_network(digit), promote=False)
        if digit != 3:
            with pytest.warns(FutureWarning):  # MLflow's, about stages
                model.client.transition_model_version_stage(model.name, version, "Production")
    api = start_api(**model.settings()).wait_all_ready()
    assert api.predict() == 2


BAD = {
    "wrong sha256": {"content": digit_network(3), "sha256": "0" * 64},
    "no sha256": {"content": digit_network(3), "sha256": None},
    "a sha256 that is none": {"content": digit_network(3), "sha256": 'F\n"}\x1b[31m' + "Z" * 4000},
    "no file": {"content": None},
    "no ONNX": {"content": b"not ONNX"},
    "of another size": {"content": digit_network(3, pixels=785)},
    "of other classes": {"content": digit_network(3, classes=11)},
    "no probabilities": {"content": invalid_network()},
}


@pytest.mark.slow
@pytest.mark.parametrize("bad", BAD.values(), ids=BAD)
def test_a_bad_version_is_not_activated_and_logged_once(
    start_api: Callable[..., Api], model: RegisteredModel, bad: dict[str, bytes | str | None]
) -> None:
    model.register(digit_network(1))
    api = start_api(**model.settings()).wait_all_ready()
    model.register(**bad)
    wait_until(lambda: api.log().count("Version 2 is not activated") == 2)  # once a worker
    assert api.all_predict(1)
    assert api.model()["version"] == "1"
    model.register(digit_network(2))
    wait_until(lambda: api.all_predict(2))
    assert api.log().count("is not activated") == 2


def test_a_version_becomes_active_once_its_tag_is_corrected(
    start_api: Callable[..., Api], model: RegisteredModel
) -> None:
    model.register(digit_network(1))
    api = start_api(**model.settings()).wait_all_ready()
    model.register(digit_network(2), sha256=None)
    wait_until(lambda: "is not activated" in api.log())
    right = model.register(digit_network(2), promote=False)
    digest = model.client.get_model_version(model.name, right).tags["sha256"]
    model.client.set_model_version_tag(model.name, "2", "sha256", digest)
    wait_until(lambda: api.all_predict(2))
    assert api.model()["version"] == "2"


@pytest.mark.slow
def test_without_registry_and_cache_the_api_waits_for_the_model(
    start_api: Callable[..., Api], model: RegisteredModel
) -> None:
    model.register(digit_network(1))
    model.relay.cut()
    api = start_api(**model.settings()).wait_listening()
    answer = httpx.get(f"{api.url}/health")
    assert answer.status_code == 503
    assert set(answer.json()) == {"model_loaded", "status"}
    assert answer.json()["model_loaded"] is False
    refused = httpx.post(f"{api.url}/predict", json={"image": IMAGE})
    assert refused.status_code == httpx.get(f"{api.url}/model").status_code == 503
    assert refused.headers["Content-Type"] == "application/problem+json"
    model.relay.restore()
    wait_until(api.all_ready)
    assert api.all_predict(1)


def test_without_the_registry_the_last_active_version_is_loaded_from_the_cache(
    start_api: Callable[..., Api], model: RegisteredModel
) -> None:
    first = model.register(digit_network(1))
    api = start_api(**model.settings()).wait_all_ready()
    model.register(digit_network(2))
    wait_until(lambda: api.all_predict(2))
    model.promote(first)
    wait_until(lambda: api.all_predict(1))
    since = api.model()["since"]
    assert api.stop() == 0
    model.relay.cut()
    api = start_api(**model.settings()).wait_all_ready()
    assert api.all_predict(1)
    assert api.model()["since"] == since
    model.relay.restore()
    model.register(digit_network(4))
    wait_until(lambda: api.all_predict(4))


@pytest.mark.slow
def test_the_loss_of_the_registry_is_logged_once_and_the_active_version_stays(
    start_api: Callable[..., Api], model: RegisteredModel
) -> None:
    model.register(digit_network(1))
    api = start_api(**model.settings(), WEB_CONCURRENCY="1").wait_ready()
    model.relay.cut()
    wait_until(lambda: "does not respond" in api.log())
    threading.Event().wait(1.5)  # some more failed polls
    assert api.log().count("does not respond") == 1
    assert api.all_predict(1)
    model.relay.restore()
    model.register(digit_network(2))
    wait_until(lambda: api.all_predict(2))
