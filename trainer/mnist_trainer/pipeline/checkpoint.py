"""A training that is done, as files: all that delivering it takes but for the data set."""

import hashlib
import json
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from mnist_trainer.errors import TrainerError
from mnist_trainer.export.onnx_export import Files
from mnist_trainer.tracking.run import Point
from mnist_trainer.training.history import EpochMetrics

RECORD, KERAS, ONNX = "training.json", "model.keras", "model.onnx"


class DamagedError(TrainerError):
    """A folder does not hold a whole training; names the folder and the file."""


@dataclass(frozen=True)
class Trained:
    """What a training leaves beside its network.

    ``told`` are the settings as they were logged, JSON's types alone; ``floor``, a share of the
    test images, is the gate's; ``waiting`` are the figures that the server has not taken.
    """

    run_id: str
    tracking_uri: str
    experiment: str
    model_name: str
    model_alias: str
    floor: float
    told: Mapping[str, Any]
    history: list[EpochMetrics]
    waiting: list[Point]


def write_training(trained: Trained, files: Files, folder: Path) -> None:
    """Write training.json, model.keras and model.onnx into ``folder``; raises OSError."""
    digests = {}
    for name, source in ((KERAS, files.keras), (ONNX, files.onnx)):
        shutil.copyfile(source, folder / name)
        digests[name] = _digest(source)
    record = asdict(trained) | {"sha256": digests}
    (folder / RECORD).write_text(json.dumps(record, indent=1), "utf-8")


def read_training(folder: Path) -> tuple[Trained, Files]:
    """Read what `write_training` wrote; raises DamagedError."""
    try:
        record = json.loads((folder / RECORD).read_text("utf-8"))
        digests = record.pop("sha256")
        record["history"] = [EpochMetrics(**epoch) for epoch in record["history"]]
        record["waiting"] = [Point(*point) for point in record["waiting"]]
        trained = Trained(**record)
        for name in (KERAS, ONNX):
            if _digest(folder / name) != digests[name]:
                raise DamagedError(f"{folder} is damaged: {name} is not what was written.")
        return trained, Files(folder / KERAS, folder / ONNX, digests[ONNX])
    except OSError as error:
        raise DamagedError(
            f"{folder} is not whole: {error.filename} cannot be read: {error.strerror}."
        ) from None
    except (AttributeError, KeyError, TypeError, ValueError):
        raise DamagedError(f"{folder} is damaged: {RECORD} is not what was written.") from None


def _digest(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()
