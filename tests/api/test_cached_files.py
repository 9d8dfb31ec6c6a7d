"""The files in the cache folder: damaged ones, another model's, and a folder that is read-only."""

from collections.abc import Callable
from pathlib import Path

import pytest

from support.networks.dense import digit_network
from support.processes import wait_until
from support.registered_model import RegisteredModel
from support.servers.api import Api

pytestmark = pytest.mark.slow


def files(cache: Path, version: str) -> Path:
    (found,) = cache.glob(f"*/{version}/model.onnx")
    return found


def test_a_damaged_file_is_fetched_again(
    start_api: Callable[..., Api], model: RegisteredModel, tmp_path: Path
) -> None:
    model.register(digit_network(1))
    start_api(**model.settings()).wait_ready().stop()
    file = files(tmp_path / "cache", "1")
    file.write_bytes(digit_network(5))  # valid, but another network
    api = start_api(**model.settings()).wait_all_ready()
    assert api.all_predict(1)
    assert file.read_bytes() == digit_network(1)
    assert model.downloads() == 2


def test_a_damaged_file_is_never_loaded_and_an_older_intact_one_is_used(
    start_api: Callable[..., Api], model: RegisteredModel, tmp_path: Path
) -> None:
    model.register(digit_network(1))
    api = start_api(**model.settings()).wait_all_ready()
    model.register(digit_network(2))
    wait_until(lambda: api.all_predict(2))
    api.stop()
    model.relay.cut()
    file = files(tmp_path / "cache", "2")
    file.write_bytes(file.read_bytes()[:-1])
    api = start_api(**model.settings()).wait_all_ready()
    assert api.all_predict(1)
    model.relay.restore()
    wait_until(lambda: api.all_predict(2))


def test_the_cache_of_one_model_is_not_used_for_another(
    start_api: Callable[..., Api], model: RegisteredModel
) -> None:
    model.register(digit_network(1))
    start_api(**model.settings()).wait_ready().stop()
    model.relay.cut()
    api = start_api(**model.settings() | {"MODEL_NAME": "another"}).wait_listening()
    wait_until(lambda: "does not respond" in api.log())
    assert api.status() == 503


def test_a_cache_folder_that_cannot_be_written_is_logged_and_models_are_still_loaded(
    start_api: Callable[..., Api], model: RegisteredModel, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    model.register(digit_network(1))
    cache = str(tmp_path / "file" / "cache")
    api = start_api(**model.settings(), MODEL_CACHE=cache, WEB_CONCURRENCY="1").wait_ready()
    assert api.predict() == 1
    model.register(digit_network(2))
    wait_until(lambda: api.all_predict(2))
    assert api.log().count("can't be written") == 1
