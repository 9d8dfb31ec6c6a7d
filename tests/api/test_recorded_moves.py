"""The history of the alias on a real tracking server: one record a move, and unknown times."""

from collections.abc import Callable
from contextlib import ExitStack
from itertools import chain
from pathlib import Path

from support.networks.dense import digit_network
from support.processes import stopped, wait_until
from support.registered_model import RegisteredModel
from support.servers.api import Api

PREFIX = "history.Production."
FORMER = "2026-01-01T12:00:00.000Z"


def read(model: RegisteredModel) -> list[str]:
    """Return the keys of the records, in order."""
    tags = model.client.get_registered_model(model.name).tags
    keys = sorted(key.removeprefix(PREFIX) for key in tags if key.startswith(PREFIX))
    return [key for key in keys if key != "seen"]


def test_replicas_record_a_move_by_hand_once(
    start_api: Callable[..., Api], model: RegisteredModel, tmp_path: Path
) -> None:
    model.register(digit_network(1))
    settings = model.settings() | {"WEB_CONCURRENCY": "2"}
    caches = [str(tmp_path / name) for name in ("a", "b")]
    apis = [start_api(**settings, MODEL_CACHE=cache).wait_ready() for cache in caches]
    wait_until(lambda: read(model) == ["active.0001.1", "desired.0001.1"])
    with ExitStack() as stack:  # nobody looks between the moves
        for worker in chain.from_iterable(api.workers() for api in apis):
            stack.enter_context(stopped(worker))
        model.register(digit_network(2))
        model.promote("1")
        model.promote("2")
    expected = ["active.0001.1", "active.0002.2", "desired.0001.1", "desired.0002.2"]
    wait_until(lambda: read(model)[-1] == "desired.0002.2" and read(model) == expected)
    tags = model.client.get_registered_model(model.name).tags
    assert tags[f"{PREFIX}desired.0002.2"].split(" ")[1] == "hand"


def test_the_time_before_a_start_is_unknown(
    start_api: Callable[..., Api], model: RegisteredModel
) -> None:
    model.register(digit_network(1))
    former = {"seen": f"{FORMER} {FORMER}", "desired.0001.1": f"{FORMER} train"}
    for key, value in former.items():
        model.client.set_registered_model_tag(model.name, PREFIX + key, value)
    start_api(**model.settings(), WEB_CONCURRENCY="2").wait_ready()
    expected = ["active.0001.1", "desired.0001.1", f"unknown.{FORMER}"]
    wait_until(lambda: read(model) == expected)
