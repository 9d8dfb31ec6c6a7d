"""Each poll of the registry: what is activated, what is reported, and what is logged."""

from datetime import UTC, datetime

import msgspec
import pytest

from mnist_api.model.active import Desired, LoadedModel
from mnist_api.model.onnx_model import ModelRefusedError
from mnist_api.model.trial import TrialIncompleteError
from mnist_api.registry.mlflow_client import RegistryError, UnusableFileError
from mnist_api.registry.version_folders import DamagedError
from support.polled_fakes import NOON
from support.polling import Polling, logged, polling, version

__all__ = ["polling"]  # a fixture


def test_the_desired_version_is_tried_activated_and_recorded(
    polling: Polling, caplog: pytest.LogCaptureFixture
) -> None:
    polling.poll(1)
    polling.poll(1)
    current = polling.active.current
    assert current is not None
    assert current.model.content == "fetched 1"  # type: ignore[attr-defined]
    assert current == LoadedModel(current.model, version(1), "registry", NOON)
    assert polling.tried == [b"fetched 1"]
    assert polling.cache.recorded == [version(1)]
    assert polling.observer.desired == [("1", "loading"), ("1", "active")]
    assert (polling.observer.swaps, polling.observer.failures) == (["1"], 0)
    assert logged(caplog) == ["+ Version 1 of digits is active."]


def test_without_a_desired_version_the_active_one_stays(
    polling: Polling, caplog: pytest.LogCaptureFixture
) -> None:
    polling.poll(None)
    polling.poll(None)
    assert logged(caplog) == ["The registry has no desired version. No version is active."]
    polling.poll(1)
    assert logged(caplog) == [
        "+ Version 1 of digits is active.",
        "+ The desired version is active again.",
    ]
    polling.poll(None)
    assert logged(caplog) == ["The registry has no desired version. Version 1 stays active."]
    assert polling.active.desired is None
    polling.poll(1)
    polling.poll(1)
    assert logged(caplog) == ["+ The desired version is active again."]
    assert polling.active.desired == Desired("1", "active")
    assert polling.observer.failures == 0


def test_while_the_registry_is_away_the_active_version_stays(
    polling: Polling, caplog: pytest.LogCaptureFixture
) -> None:
    polling.poll(1)
    logged(caplog)
    polling.registry.error = RegistryError("It is away")
    polling.cache.cached = [version(2)]
    polling.poll(1)
    polling.poll(1)
    assert logged(caplog) == ["It is away. Version 1 stays active."]
    assert polling.observer.failures == 2
    assert polling.observer.swaps == ["1"]
    assert polling.active.desired == Desired("1", "active")


def test_a_failure_is_counted_by_the_worker_that_asked_alone(polling: Polling) -> None:
    polling.registry.error = RegistryError("It is away")
    polling.poll(1)
    polling.registry.has_asked = False
    polling.poll(1)
    assert polling.observer.failures == 1


def test_without_a_registry_the_first_usable_version_of_the_cache_is_activated(
    polling: Polling, caplog: pytest.LogCaptureFixture
) -> None:
    polling.registry.error = RegistryError("It is away")
    polling.cache.cached = [version(number) for number in (1, 2, 3, 4)]
    polling.cache.errors = {
        "1": ModelRefusedError("it is too slow"),
        "2": TrialIncompleteError("it took long"),
    }
    before = datetime.now(UTC)
    polling.poll(None)
    current = polling.active.require()
    assert current == LoadedModel(current.model, version(3), "registry", current.since)
    assert before <= current.since <= datetime.now(UTC)
    assert logged(caplog) == [
        "It is away. No version is active.",
        "Version 1 in the cache is not activated: it is too slow.",
        "Version 2 in the cache is not activated: it took long.",
        "+ Version 3 of digits is active, from the cache.",
    ]
    assert polling.tried == [b"cached 3"]
    assert polling.cache.obtained == ["1", "2", "3"]


def test_a_version_of_the_cache_is_tried_again_only_if_its_trial_was_incomplete(
    polling: Polling,
) -> None:
    polling.registry.error = RegistryError("It is away")
    polling.cache.cached = [version(1), version(2), version(3)]
    polling.cache.errors = {
        "1": DamagedError("its file is damaged"),
        "2": TrialIncompleteError("it took long"),
        "3": ModelRefusedError("it is too slow"),
    }
    polling.poll(None)
    polling.poll(None)
    assert polling.cache.obtained == ["1", "2", "3", "2"]
    assert polling.active.current is None


ERRORS = [
    (DamagedError("it is damaged"), "refused"),
    (ModelRefusedError("it is damaged"), "refused"),
    (UnusableFileError("it is damaged"), "refused"),
    (TrialIncompleteError("it is damaged"), "failed"),
    (RegistryError("it is damaged"), "failed"),
]


@pytest.mark.parametrize(("error", "state"), ERRORS)
def test_a_version_that_cannot_be_activated_is_reported_with_its_reason(
    polling: Polling, caplog: pytest.LogCaptureFixture, error: Exception, state: str
) -> None:
    polling.poll(1)
    logged(caplog)
    polling.cache.errors = {"2": error}
    for _ in range(2):
        polling.poll(2)
    assert polling.active.require().version == version(1)
    assert polling.active.desired == Desired("2", state, "it is damaged")  # type: ignore[arg-type]
    assert polling.observer.desired[2:] == [("2", "loading"), ("2", state)]
    assert polling.observer.failures == 0  # the poll itself has not failed
    assert polling.cache.recorded == [version(1)]
    assert logged(caplog) == ["Version 2 is not activated: it is damaged. Version 1 stays active."]


def test_another_reason_or_version_is_logged_again(
    polling: Polling, caplog: pytest.LogCaptureFixture
) -> None:
    for number, error in (
        (1, DamagedError("a")),
        (1, DamagedError("b")),
        (1, RegistryError("c")),
        (2, RegistryError("d")),
    ):
        polling.cache.errors = {str(number): error}
        polling.clock.now += 1000
        polling.poll(number)
    assert logged(caplog) == [
        f"Version {number} is not activated: {reason}. No version is active."
        for number, reason in ((1, "a"), (1, "c"), (2, "d"))
    ]


def test_an_active_version_without_a_time_of_registration_gets_it_and_is_not_loaded_again(
    polling: Polling,
) -> None:
    """A cached version of a former release has none."""
    polling.poll(1)
    before = polling.active.current
    polling.registry.desired = msgspec.structs.replace(version(1), created=1.5e9)
    polling.poller.poll()
    polling.poller.poll()
    assert polling.active.current == before
    assert polling.active.current is not None
    assert polling.active.current.version.created == 1.5e9
    assert polling.observer.created == [None, 1.5e9]
    assert (polling.observer.swaps, polling.tried) == (["1"], [b"fetched 1"])


def test_the_history_is_told_before_an_activation_and_what_is_desired_after_it(
    polling: Polling,
) -> None:
    """A rollback during a long activation is not followed by a record of the former version."""
    polling.poll(1)
    polling.history.seen.clear()

    def roll_back() -> None:
        polling.registry.desired = version(1)

    polling.cache.on_obtain = roll_back
    polling.poll(2)
    assert polling.history.seen == [("2", "1"), ("1", "2"), ("1", "1")]


def test_a_worker_that_reads_anothers_answer_records_its_activations_alone(
    polling: Polling,
) -> None:
    polling.registry.has_asked = False
    polling.poll(1)
    polling.poll(1)
    assert polling.history.seen == [("1", "1")]
