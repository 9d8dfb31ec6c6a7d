"""Registered versions on the test images of today, by their ONNX files."""

import tempfile
from collections.abc import Container
from pathlib import Path

from mnist_trainer.data.images import LabelledImages
from mnist_trainer.evaluation.metrics import Correct, Metrics, compute_metrics
from mnist_trainer.export.onnx_inference import OnnxError, infer
from mnist_trainer.tracking.health import ServerError, check_health
from mnist_trainer.tracking.registry import Registry
from mnist_trainer.tracking.version import Version, VersionError, list_promoted

ROUNDING = 0.0001  # of the tag `test_accuracy`


class UnmeasuredError(Exception):
    """A version's file cannot be fetched or run; the message says why."""


def measure(registry: Registry, version: Version, test: LabelledImages) -> Metrics:
    """Run a version on the test images; raises UnmeasuredError, or ServerError."""
    try:
        with tempfile.TemporaryDirectory() as scratch:
            file = registry.download_onnx(version, Path(scratch))
            return compute_metrics(infer(file, test.pixels()), test)
    except (VersionError, OnnxError, ServerError) as error:
        check_health(registry.uri)  # a server that does not answer must not open the gate
        raise UnmeasuredError(str(error)) from error


def measure_best(
    registry: Registry, compared: Container[int], test: LabelledImages, accuracy: float
) -> tuple[Version, Correct] | None:
    """Measure the best version that was promoted on these test images and not rolled back.

    None where it is one of ``compared``, or not better than ``accuracy``, 0 to 1: then it rejects
    nothing more. Raises ServerError.
    """
    digest = test.digest()
    promoted = [
        each
        for each in list_promoted(registry.versions())
        if each.tags.get("test_images") == digest and _accuracy(each) > accuracy - ROUNDING
    ]
    for version in sorted(promoted, key=_accuracy, reverse=True):
        if version.number in compared:
            return None
        try:
            return version, measure(registry, version, test).correct
        except UnmeasuredError:
            continue  # the second best
    return None


def _accuracy(version: Version) -> float:
    try:
        return float(version.tags["test_accuracy"])
    except (KeyError, ValueError):  # a person may have changed it
        return 0.0
