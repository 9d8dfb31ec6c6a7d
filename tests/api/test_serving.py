"""Following a real registry, and staying in service whatever happens to it."""

import os
import threading
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from conftest import Model
from networks import digit_network, unsure_network
from processes import IMAGE, Api, wait_until


def test_the_promoted_version_serves_and_is_fetched_once(
    start_api: Callable[..., Api], model: Model
) -> None:
    version = model.register(digit_network(1))
    api = start_api(**model.settings()).wait_ready()
    wait_until(lambda: api.log().count("is active") == 2)  # a worker may find it cached
    assert api.everywhere(1)
    assert model.downloads() == 1
    said = api.model()
    registered = model.client.get_model_version(model.name, version)
    assert said["version"] == version
    assert said["run_id"] == registered.run_id
    assert said["sha256"] == registered.tags["sha256"]
    assert (said["test_accuracy"], said["source"]) == (0.98, "registry")
    assert {str(api.model()["since"]) for _ in range(6)} == {str(said["since"])}
    assert str(said["since"]).endswith("+00:00")


def test_a_new_version_takes_over_under_traffic_without_a_failed_request(
    start_api: Callable[..., Api], model: Model
) -> None:
    first = model.register(digit_network(1))
    api = start_api(**model.settings()).wait_ready()
    stop, seen, failed = threading.Event(), [], []

    def ask() -> None:
        with httpx.Client() as client:
            while not stop.is_set():
                try:
                    answer = client.post(f"{api.url}/predict", json={"image": IMAGE}, timeout=10)
                    seen.append(answer.json()["prediction"])
                except (httpx.HTTPError, KeyError) as error:
                    failed.append(error)

    clients = [threading.Thread(target=ask) for _ in range(4)]
    for client in clients:
        client.start()
    try:
        model.register(digit_network(2))
        wait_until(lambda: api.everywhere(2))
        model.promote(first)  # by hand, back again
        wait_until(lambda: api.everywhere(1))
    finally:
        stop.set()
        for client in clients:
            client.join()
    assert failed == []
    assert set(seen) == {1, 2}
    assert model.downloads() == 2


def test_where_no_alias_is_set_the_newest_version_in_the_stage_serves(
    start_api: Callable[..., Api], model: Model
) -> None:
    for digit in (1, 2, 3):
        version = model.register(digit_network(digit), promote=False)
        if digit != 3:
            with pytest.warns(FutureWarning):  # MLflow's, about stages
                model.client.transition_model_version_stage(model.name, version, "Production")
    api = start_api(**model.settings()).wait_ready()
    assert api.predict() == 2


BAD = {
    "wrong sha256": {"content": digit_network(3), "sha256": "0" * 64},
    "no sha256": {"content": digit_network(3), "sha256": None},
    "no file": {"content": None},
    "no ONNX": {"content": b"not ONNX"},
    "of another size": {"content": digit_network(3, pixels=785)},
    "of other classes": {"content": digit_network(3, classes=11)},
    "no probabilities": {"content": unsure_network()},
}


@pytest.mark.parametrize("bad", BAD.values(), ids=BAD)
def test_a_bad_version_stays_out_and_is_complained_about_once(
    start_api: Callable[..., Api], model: Model, bad: dict[str, bytes | str | None]
) -> None:
    model.register(digit_network(1))
    api = start_api(**model.settings()).wait_ready()
    model.register(**bad)
    wait_until(lambda: api.log().count("Version 2 is not activated") == 2)  # once a worker
    assert api.everywhere(1)
    assert api.model()["version"] == "1"
    model.register(digit_network(2))
    wait_until(lambda: api.everywhere(2))
    assert api.log().count("is not activated") == 2


def test_a_version_is_taken_once_its_tag_is_put_right(
    start_api: Callable[..., Api], model: Model
) -> None:
    model.register(digit_network(1))
    api = start_api(**model.settings()).wait_ready()
    model.register(digit_network(2), sha256=None)
    wait_until(lambda: "is not activated" in api.log())
    right = model.register(digit_network(2), promote=False)
    digest = model.client.get_model_version(model.name, right).tags["sha256"]
    model.client.set_model_version_tag(model.name, "2", "sha256", digest)
    wait_until(lambda: api.everywhere(2))
    assert api.model()["version"] == "2"


def test_without_registry_and_cache_it_waits_and_the_model_arrives_by_itself(
    start_api: Callable[..., Api], model: Model
) -> None:
    model.register(digit_network(1))
    model.relay.cut()
    api = start_api(**model.settings()).wait_up()
    answer = httpx.get(f"{api.url}/health")
    assert answer.status_code == 503
    assert set(answer.json()) == {"model_loaded", "status"}
    assert answer.json()["model_loaded"] is False
    refused = httpx.post(f"{api.url}/predict", json={"image": IMAGE})
    assert refused.status_code == httpx.get(f"{api.url}/model").status_code == 503
    assert refused.headers["Content-Type"] == "application/problem+json"
    model.relay.mend()
    wait_until(api.everywhere_ready)
    assert api.everywhere(1)


def test_with_the_registry_away_the_cache_serves_what_was_last_in_service(
    start_api: Callable[..., Api], model: Model
) -> None:
    first = model.register(digit_network(1))
    api = start_api(**model.settings()).wait_ready()
    model.register(digit_network(2))
    wait_until(lambda: api.everywhere(2))
    model.promote(first)
    wait_until(lambda: api.everywhere(1))
    since = api.model()["since"]
    assert api.stop() == 0
    model.relay.cut()
    api = start_api(**model.settings()).wait_ready()
    assert api.everywhere(1)
    assert api.model()["since"] == since
    model.relay.mend()
    model.register(digit_network(4))
    wait_until(lambda: api.everywhere(4))


def test_a_registry_that_goes_away_later_is_noticed_once_and_does_no_harm(
    start_api: Callable[..., Api], model: Model
) -> None:
    model.register(digit_network(1))
    api = start_api(**model.settings(), WEB_CONCURRENCY="1").wait_ready()
    model.relay.cut()
    wait_until(lambda: "does not answer" in api.log())
    threading.Event().wait(1.5)  # some more questions in vain
    assert api.log().count("does not answer") == 1
    assert api.everywhere(1)
    model.relay.mend()
    model.register(digit_network(2))
    wait_until(lambda: api.everywhere(2))


def files(cache: Path, version: str) -> Path:
    (found,) = cache.glob(f"*/{version}/model.onnx")
    return found


def test_a_damaged_file_is_fetched_again(
    start_api: Callable[..., Api], model: Model, tmp_path: Path
) -> None:
    model.register(digit_network(1))
    start_api(**model.settings()).wait_ready().stop()
    file = files(tmp_path / "cache", "1")
    file.write_bytes(digit_network(5))  # loads, but is another
    api = start_api(**model.settings()).wait_ready()
    wait_until(api.everywhere_ready)
    assert api.everywhere(1)
    assert file.read_bytes() == digit_network(1)
    assert model.downloads() == 2


def test_a_damaged_file_is_never_served_and_an_older_intact_one_steps_in(
    start_api: Callable[..., Api], model: Model, tmp_path: Path
) -> None:
    model.register(digit_network(1))
    api = start_api(**model.settings()).wait_ready()
    model.register(digit_network(2))
    wait_until(lambda: api.everywhere(2))
    api.stop()
    model.relay.cut()
    file = files(tmp_path / "cache", "2")
    file.write_bytes(file.read_bytes()[:-1])
    api = start_api(**model.settings()).wait_ready()
    wait_until(api.everywhere_ready)
    assert api.everywhere(1)
    model.relay.mend()
    wait_until(lambda: api.everywhere(2))


def test_the_cache_of_one_model_is_not_served_for_another(
    start_api: Callable[..., Api], model: Model
) -> None:
    model.register(digit_network(1))
    start_api(**model.settings()).wait_ready().stop()
    model.relay.cut()
    api = start_api(**model.settings() | {"MODEL_NAME": "another"}).wait_up()
    wait_until(lambda: "does not answer" in api.log())
    assert api.status() == 503


def test_a_cache_folder_that_cannot_be_written_is_said_and_does_no_harm(
    start_api: Callable[..., Api], model: Model, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    model.register(digit_network(1))
    cache = str(tmp_path / "file" / "cache")
    api = start_api(**model.settings(), MODEL_CACHE=cache, WEB_CONCURRENCY="1").wait_ready()
    assert api.predict() == 1
    model.register(digit_network(2))
    wait_until(lambda: api.everywhere(2))
    assert api.log().count("can't be written") == 1


def test_files_that_the_server_does_not_hand_out_are_fetched_where_they_are(
    start_api: Callable[..., Api], model: Model, tmp_path: Path
) -> None:
    """An experiment may keep its files elsewhere than behind the tracking server."""
    place = tmp_path / "elsewhere"
    experiment = model.client.create_experiment(model.name, artifact_location=place.as_uri())
    model.register(digit_network(6), experiment=experiment)
    api = start_api(**model.settings(), WEB_CONCURRENCY="1")
    wait_until(lambda: api.status() == 200, 40)
    assert api.predict() == 6
    assert model.downloads() == 0
    assert os.listdir(place)
