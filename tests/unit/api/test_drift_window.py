"""The window of samples: of all workers, of one version, new, and not too many."""

import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from msgspec.structs import replace

from mnist_api.drift import window as module
from mnist_api.drift.report import report_drift
from mnist_api.drift.sampler import Sampler
from mnist_api.drift.window import SAMPLES, Window
from mnist_api.model.active import ActiveModel, LoadedModel
from mnist_api.model.digit_score import load_score
from mnist_api.model.drift_reference import FEATURES, NUMBERS, load_reference
from mnist_api.model.onnx_model import load_model
from mnist_api.model.version import Version
from support.digit_version import describe
from support.networks.dense import digit_network
from support.score_files import score_file

VERSION = Version("digits", "1", None, None, "0" * 64)
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
VALUES = np.linspace(0, 1, 1000)
REFERENCE = describe(dict.fromkeys(NUMBERS, VALUES), np.arange(1000) % 10)
WIDTH = len(FEATURES)


def make_loaded(version: Version = VERSION, since: datetime = NOON) -> LoadedModel:
    model, score = load_model(digit_network(7)), load_score(score_file())
    return LoadedModel(model, version, "registry", since, score, load_reference(REFERENCE))


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The time, from a minute after noon on."""
    clock = SimpleNamespace(now=NOON.timestamp() + 60, time=lambda: clock.now)
    monkeypatch.setattr(module, "time", clock)
    return clock


@pytest.fixture
def window(clock: Any) -> Iterator[Window]:
    window = Window()
    window.acquire()
    return window


def append_in_child(window: Window, loaded: LoadedModel, value: float) -> None:
    """Append a sample in a forked process, as another worker does."""
    child = os.fork()
    if not child:
        window.acquire()
        window.append(loaded, [value] * WIDTH)
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0


def test_the_samples_of_all_processes_are_read_in_the_order_of_their_times(
    window: Window, clock: Any
) -> None:
    """Also those of a worker that has ended, after whose samples the next one's are kept."""
    loaded = make_loaded()
    for value in range(6):
        clock.now += 1
        if value % 2:
            window.append(loaded, [value] * WIDTH)
        else:
            append_in_child(window, loaded, value)
    times, samples = window.read(loaded)
    assert samples.tolist() == [[value] * WIDTH for value in range(6)]
    assert times[-1] == clock.now
    assert times.tolist() == sorted(times)


def test_the_newest_samples_of_the_last_hour_are_read(window: Window, clock: Any) -> None:
    loaded = make_loaded()
    append_in_child(window, loaded, -1)
    for value in range(SAMPLES + 5):
        clock.now += 1
        window.append(loaded, [value] * WIDTH)
    _, samples = window.read(loaded)
    assert samples[:, 0].tolist() == list(range(5, SAMPLES + 5))
    clock.now += 3600 - 10
    assert len(window.read(loaded)[1]) == 11
    clock.now += 11
    assert len(window.read(loaded)[1]) == 0


def test_a_version_does_not_have_the_samples_of_another(window: Window) -> None:
    one, other = make_loaded(), make_loaded(replace(VERSION, id="2"))
    window.append(one, [1] * WIDTH)
    window.append(other, [2] * WIDTH)
    assert window.read(one)[1].tolist() == [[1] * WIDTH]
    assert window.read(other)[1].tolist() == [[2] * WIDTH]
    again = make_loaded(since=NOON + timedelta(seconds=61))
    assert len(window.read(again)[1]) == 0, "it was active before, and is again"


def test_one_image_is_sampled_until_it_is_stored(window: Window) -> None:
    loaded, sampler = make_loaded(), Sampler(window)
    ActiveModel(sampler=sampler).current = loaded
    images = np.zeros((3, 784), np.float32)
    images[:, 28 * 4 + 6] = 1
    for _ in range(2):
        probabilities = loaded.model.predict(images)
    images[:] = 0.5  # the memory of a request is used again
    assert len(window.read(loaded)[1]) == 0
    for _ in range(2):
        sampler.store()
    (sample,) = window.read(loaded)[1]
    confidence = float(probabilities[0, 7])
    assert sample.tolist() == pytest.approx([1 / 784, 6, 4, 0, 0, 0, confidence, 10 / 11, 7])
    loaded.model.predict(images)
    sampler.store()
    assert len(window.read(loaded)[1]) == 2


def test_each_image_that_is_offered_between_two_stores_has_the_same_chance(window: Window) -> None:
    """A batch comes in parts, and may be in order: the ink tells which image was taken."""
    loaded, sampler = make_loaded(), Sampler(window)
    sampler.attach(loaded)
    assert loaded.model.sample
    images = np.repeat(np.linspace(0, 1, 40, dtype=np.float32)[:, None], 784, axis=1)
    probabilities = np.eye(10, dtype=np.float32)[np.zeros(40, int)]
    for _ in range(SAMPLES):
        for part in (slice(0, 25), slice(25, 39), slice(39, 40)):
            loaded.model.sample(images[part], probabilities[part], False)
        sampler.store()
    places = np.round(window.read(loaded)[1][:, 0] * 39).astype(int)
    counts = np.bincount(places, minlength=40)
    assert (counts > 0).all()
    assert counts.max() < 65, "30 on average"
    assert 0.55 < np.mean(places < 25) < 0.7


def test_a_sample_that_cannot_be_measured_is_logged_and_the_next_is_stored(
    window: Window, caplog: pytest.LogCaptureFixture
) -> None:
    loaded, sampler = make_loaded(), Sampler(window)
    sampler.attach(loaded)
    assert loaded.model.sample
    loaded.model.sample(np.zeros((1, 783), np.float32), np.eye(10, dtype=np.float32)[:1], False)
    sampler.store()
    assert "An image is not compared for drift." in caplog.text
    loaded.model.predict(np.zeros((1, 784), np.float32))
    sampler.store()
    assert len(window.read(loaded)[1]) == 1


@pytest.mark.parametrize("missing", ["score", "reference"])
def test_a_version_without_a_file_is_not_sampled(window: Window, missing: str) -> None:
    loaded, sampler = make_loaded(), Sampler(window)
    files = {"score": loaded.score, "reference": loaded.reference} | {missing: None}
    loaded = LoadedModel(loaded.model, VERSION, "registry", NOON, **files)  # type: ignore[arg-type]
    ActiveModel(sampler=sampler).current = loaded
    loaded.model.predict(np.zeros((1, 784), np.float32))
    sampler.store()
    assert len(window.read(loaded)[1]) == 0
    report = report_drift(loaded, window)
    assert (report.available, report.detected, report.features) == (False, None, {})


def test_a_report_names_the_features_that_have_drifted(window: Window, clock: Any) -> None:
    loaded, random = make_loaded(), np.random.default_rng(0)
    report = report_drift(loaded, window)
    assert (report.available, report.since, report.images) == (True, None, 0)
    assert report.detected is None
    first = clock.now
    for number in range(200):
        clock.now += 1
        values = random.random(7)
        window.append(loaded, [values[0], values[1] / 3, *values[2:], 0.5, number % 10])
        report = report_drift(loaded, window)
        if number < 49:
            assert {each.psi for each in report.features.values()} == {None}
            assert report.detected is None
        elif number == 49:
            assert report.detected is not None
    assert report.since == datetime.fromtimestamp(first + 1, UTC)
    assert (report.images, report.detected) == (200, True)
    drifted = [name for name, feature in report.features.items() if feature.drifted]
    assert drifted == ["center_x", "digit_score"]
    for name in set(FEATURES) - set(drifted):
        feature = report.features[name]
        assert feature.psi is not None
        assert feature.p_value is not None
        assert feature.psi < 0.2
        assert feature.p_value > 1e-4
