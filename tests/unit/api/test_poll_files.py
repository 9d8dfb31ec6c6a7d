"""The files that not every version has: with them, without, and one that is lost."""

import pytest

from mnist_api.model.drift_reference import FewImagesError
from mnist_api.registry import poller
from mnist_api.registry.mlflow_client import RegistryError
from support.polling import Polling, polling, version

__all__ = ["polling"]  # a fixture


def test_a_version_is_active_with_its_score_or_without(polling: Polling) -> None:
    polling.cache.extras.add(("1", "digit_score.npz"))
    polling.poll(1)
    assert polling.active.require().score == "digit_score.npz of 1"
    polling.poll(2)
    assert polling.active.require().score is None


def test_a_cached_version_is_active_with_its_cached_files(
    polling: Polling, caplog: pytest.LogCaptureFixture
) -> None:
    """One that lacks a file is not, as the registry cannot be asked for it."""
    polling.cache.cached = [version(2), version(1)]
    polling.cache.extras = {("1", "digit_score.npz"), ("2", "digit_score.npz")}
    polling.cache.lost = {("2", "digit_score.npz")}
    polling.registry.error = RegistryError("away")
    polling.poller.poll()
    assert polling.active.require().score == "cached digit_score.npz of 1"
    assert "Version 2 in the cache is not activated: its file is missing or damaged." in caplog.text


def test_a_version_is_active_with_its_drift_reference_or_without(polling: Polling) -> None:
    polling.cache.extras.add(("1", "drift_reference.json"))
    polling.poll(1)
    assert polling.active.require().reference == "drift_reference.json of 1"
    assert polling.active.require().score is None
    polling.poll(2)
    assert polling.active.require().reference is None


def test_a_version_whose_drift_reference_is_of_few_images_is_served_without(
    polling: Polling, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(_: bytes) -> None:
        raise FewImagesError("its drift reference is of 499 images, not of 500")

    monkeypatch.setattr(poller, "load_reference", refuse)
    polling.cache.extras |= {("1", "digit_score.npz"), ("1", "drift_reference.json")}
    polling.poll(1)
    assert polling.active.require().score == "digit_score.npz of 1"
    assert polling.active.require().reference is None
    assert caplog.text.count("Drift of version 1 is not measured: its drift reference is of") == 1
