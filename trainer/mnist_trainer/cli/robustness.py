"""The text of `robustness`: a version's accuracy on changed and on corrupted test images."""

import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from mnist_trainer.data.images import LabelledImages
from mnist_trainer.tracking.registry import Registry
from mnist_trainer.tracking.version import VersionError


def describe_robustness(
    registry: Registry, number: int | None, test: LabelledImages
) -> Iterator[str]:
    """Yield a table of version ``number``, the desired one where it is None.

    Raises VersionError, OnnxError or ServerError.
    """
    version = registry.find(number) if number else registry.desired_version()
    if version is None:
        raise VersionError(
            f"No version of {registry.name} is promoted; the command `train` makes one, and "
            "`robustness VERSION` measures another."
        )
    # Imported here: ONNX Runtime and SciPy take a second
    from mnist_trainer.evaluation.metrics import compute_metrics
    from mnist_trainer.evaluation.robustness import measure_corruptions, measure_robustness
    from mnist_trainer.export.onnx_inference import infer

    with tempfile.TemporaryDirectory() as scratch:
        predict = partial(infer, registry.download_onnx(version, Path(scratch)))
        accuracy = compute_metrics(predict(test.pixels()), test).accuracy
        measured = [*measure_robustness(predict, test), *measure_corruptions(predict, test)]
    rows = [("none", accuracy), *((each.change, each.accuracy) for each in measured)]
    heading = "change to every test image"
    width = max(len(heading), *(len(change) for change, _ in rows))
    yield f"Version {version.number} of {registry.name} on {len(test):,} test images"
    yield f"{heading:{width}}  accuracy"
    for change, share in rows:
        yield f"{change:{width}}  {share:8.2%}"
