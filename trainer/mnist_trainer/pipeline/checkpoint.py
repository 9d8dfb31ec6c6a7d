"""A finished training as files: all that its release needs except for the data set."""

import json
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from mnist_trainer.errors import TrainerError
from mnist_trainer.evaluation import digit_score, drift_reference
from mnist_trainer.export.onnx_export import ModelFiles
from mnist_trainer.tracking.run import MetricPoint
from mnist_trainer.tracking.version import compute_digest
from mnist_trainer.training.history import EpochMetrics

RECORD, KERAS, ONNX = "training.json", "model.keras", "model.onnx"
EXTRA = (digit_score.FILE, drift_reference.FILE)  # those of former releases lack some
KEYS = {"params": "told", "pending": "waiting"}  # fields that have another name in training.json


class CheckpointError(TrainerError):
    """A folder does not hold a complete checkpoint; names the folder and the file."""


@dataclass(frozen=True)
class Checkpoint:
    """What a release needs besides the model.

    ``floor`` is the gate's, 0 to 1; ``params`` are the run's, values of JSON's types; ``pending``
    are the metrics that are not sent yet.
    """

    run_id: str
    tracking_uri: str
    experiment: str
    model_name: str
    model_alias: str
    floor: float
    params: Mapping[str, Any]
    history: list[EpochMetrics]
    pending: list[MetricPoint]


def write_checkpoint(checkpoint: Checkpoint, files: ModelFiles, folder: Path) -> None:
    """Write training.json and the model's files into ``folder``; raises OSError."""
    digests = {}
    named = ((KERAS, files.keras), (ONNX, files.onnx), *((each.name, each) for each in files.extra))
    for name, source in named:
        shutil.copyfile(source, folder / name)
        digests[name] = compute_digest(source)
    record = {KEYS.get(name, name): value for name, value in asdict(checkpoint).items()}
    (folder / RECORD).write_text(json.dumps(record | {"sha256": digests}, indent=1), "utf-8")


def read_checkpoint(folder: Path) -> tuple[Checkpoint, ModelFiles]:
    """Read what `write_checkpoint` wrote; raises CheckpointError."""
    try:
        record = json.loads((folder / RECORD).read_text("utf-8"))
        digests = record.pop("sha256")
        fields = {name: record.pop(key) for name, key in KEYS.items()} | record
        fields["history"] = [EpochMetrics(**epoch) for epoch in fields["history"]]
        fields["pending"] = [MetricPoint(*point) for point in fields["pending"]]
        checkpoint = Checkpoint(**fields)
        for name in {KERAS, ONNX, *digests}:
            if compute_digest(folder / name) != digests[name]:
                raise CheckpointError(f"{folder} is damaged: {name} is not what was written.")
        extra = tuple(folder / name for name in EXTRA if name in digests)
        return checkpoint, ModelFiles(folder / KERAS, folder / ONNX, extra)
    except OSError as error:
        raise CheckpointError(
            f"{folder} is incomplete: {error.filename} cannot be read: {error.strerror}."
        ) from None
    except (AttributeError, KeyError, TypeError, ValueError):
        raise CheckpointError(f"{folder} is damaged: {RECORD} is not what was written.") from None
