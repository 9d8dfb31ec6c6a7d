"""A hostile version in the registry: the active version stays, and all workers report why."""

import json
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from support.metrics import samples
from support.networks.dense import digit_network
from support.networks.hostile import hostile
from support.processes import list_children, wait_until
from support.registered_model import RegisteredModel
from support.servers.api import Api

pytestmark = pytest.mark.slow

TRIED = "Trying a model of"
ACTIVE = {"state": "active", "reason": None}
SECONDS = 60  # wall clock, on a busy machine


def test_the_active_version_stays_until_a_valid_one_is_promoted(
    start_api: Callable[..., Api], model: RegisteredModel
) -> None:
    model.register(digit_network(1))
    api = start_api(**model.settings()).wait_ready()
    wait_until(lambda: api.log().count("is active") == 2)
    workers = api.workers()
    for number, name in enumerate(("4 GB", "an endless loop", "Range by pixels"), 2):
        model.register(hostile(name))
        wait_until(lambda wanted=number: api.log().count(f"Version {wanted} is not activated") == 2)
    wait_until(lambda: is_reported_by_all(api, "4"))
    description = api.model()
    assert description["version"] == "1"
    assert "its operator Range" in description["refused"]["reason"]
    assert description["desired"] == description["refused"] | {"state": "refused"}
    assert samples(api)["mnist_api_desired_version state=refused version=4"] == 2
    assert samples(api)["mnist_api_model_refusals_total"] == 6  # three versions, two workers
    assert api.all_predict(1)
    model.register(digit_network(5))
    wait_until(lambda: api.all_predict(5), SECONDS)
    wait_until(lambda: api.model()["desired"] == ACTIVE | {"version": "5"})
    assert api.model()["refused"] is None
    assert api.log().count(TRIED) == 5
    assert api.workers() == workers


def is_reported_by_all(api: Api, version: str) -> bool:
    return all((api.model()["refused"] or {}).get("version") == version for _ in range(12))


def test_a_refusal_is_stored_and_the_trial_is_not_repeated(
    start_api: Callable[..., Api], model: RegisteredModel
) -> None:
    """One download and one trial for two workers, later workers, and a repeated promotion."""
    first = model.register(digit_network(1))
    api = start_api(**model.settings()).wait_all_ready()
    bad = model.register(hostile("4 GB"))
    wait_until(lambda: api.log().count("Version 2 is not activated") == 2)
    model.promote(first)
    wait_until(lambda: api.model()["refused"] is None)
    model.promote(bad)
    wait_until(lambda: is_reported_by_all(api, bad))
    assert api.log().count(TRIED) == 2  # of version 1, and of 2
    assert api.stop() == 0
    again = start_api(**model.settings()).wait_all_ready()
    wait_until(lambda: is_reported_by_all(again, bad))
    assert again.all_predict(1)
    assert TRIED not in again.log()
    assert model.downloads() == 2
    model.register(hostile("4 GB"))  # under another number
    wait_until(lambda: is_reported_by_all(again, "3"))
    assert again.log().count(TRIED) == 1


def test_without_an_active_version_the_503_gives_the_refusal(
    start_api: Callable[..., Api], model: RegisteredModel
) -> None:
    model.register(hostile("external weights"))
    api = start_api(**model.settings(), WEB_CONCURRENCY="1").wait_listening()
    wait_until(lambda: "is not activated" in api.log())
    answer = httpx.get(f"{api.url}/model")
    assert answer.status_code == 503
    assert "Version 1 is refused: its tensor weights is external data" in answer.json()["detail"]


def test_another_runtime_repeats_the_trial_and_a_cache_without_trials_is_read(
    start_api: Callable[..., Api], model: RegisteredModel, tmp_path: Path
) -> None:
    model.register(digit_network(1))
    start_api(**model.settings()).wait_ready().stop()
    model.relay.cut()
    (trials,) = tmp_path.glob("cache/*/trials.json")
    known = json.loads(trials.read_text())
    assert [(one["version"], one["refusal"]) for one in known] == [("1", None)]
    for before in (json.dumps([known[0] | {"tried_by": "another", "refusal": "bad"}]), None, "[{"):
        trials.unlink()
        if before is not None:
            trials.write_text(before)
        api = start_api(**model.settings()).wait_all_ready()
        assert api.all_predict(1)
        assert api.log().count(TRIED) == 1
        assert api.stop() == 0


def test_a_version_is_refused_even_if_the_cache_cannot_be_written(
    start_api: Callable[..., Api], model: RegisteredModel, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    model.register(hostile("4 GB"))
    cache = str(tmp_path / "file" / "cache")
    api = start_api(**model.settings(), MODEL_CACHE=cache).wait_listening()
    wait_until(lambda: api.log().count("is not activated") == 2)
    model.register(digit_network(2))
    wait_until(api.all_ready, SECONDS)
    assert api.all_predict(2)
    assert api.log().count(TRIED) == 4  # each worker by itself


def test_a_trial_ends_with_its_worker(
    start_api: Callable[..., Api], model: RegisteredModel
) -> None:
    model.register(digit_network(1))
    api = start_api(**model.settings()).wait_all_ready()
    model.register(hostile("slow"))
    wait_until(lambda: bool(trials(api)))
    (trial,) = trials(api)
    score = Path(f"/proc/{trial}/oom_score_adj")
    wait_until(lambda: score.read_text() == "1000\n")  # from now on it ends with its worker
    os.kill(trial, signal.SIGSTOP)  # and not by itself
    begin = time.monotonic()
    assert api.stop() == 0
    assert time.monotonic() - begin < 8
    wait_until(lambda: not Path(f"/proc/{trial}").exists())


def trials(api: Api) -> list[int]:
    return [trial for worker in api.workers() for trial in list_children(worker)]


@pytest.mark.parametrize("name", ["4 GB", "an endless loop", "external weights"])
def test_a_hostile_model_file_ends_the_start_before_the_fork(
    start_api: Callable[..., Api], tmp_path: Path, name: str
) -> None:
    path = tmp_path / "hostile.onnx"
    path.write_bytes(hostile(name))
    api = start_api(MODEL_FILE=str(path))
    assert api.process.wait(SECONDS) not in (0, None)
    assert f"MODEL_FILE is {str(path)!r}, but can't be served: it" in api.log()
    assert "Booting worker" not in api.log()
    assert "Traceback" not in api.log()
