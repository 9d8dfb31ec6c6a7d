"""A checkpoint keeps all files of a model, and reads those of former releases."""

import json
from pathlib import Path

import pytest

from mnist_trainer.export.onnx_export import ModelFiles
from mnist_trainer.pipeline.checkpoint import (
    Checkpoint,
    CheckpointError,
    read_checkpoint,
    write_checkpoint,
)

EXTRA = ("digit_score.npz", "drift_reference.json")
CHECKPOINT = Checkpoint("run", "http://server", "digits", "digits", "Production", 0.9, {}, [], [])


@pytest.fixture
def files(tmp_path: Path) -> ModelFiles:
    names = ("model.keras", "model.onnx", *EXTRA)
    keras, onnx, *extra = (tmp_path / name for name in names)
    for file in (keras, onnx, *extra):
        file.write_text(f"content of {file.name}")
    return ModelFiles(keras, onnx, tuple(extra))


@pytest.mark.parametrize("count", [0, 1, 2])
def test_the_files_that_a_model_has_are_read_again(
    files: ModelFiles, tmp_path: Path, count: int
) -> None:
    """A former release had no drift reference, and one before it no digit score."""
    folder = tmp_path / "stored"
    folder.mkdir()
    write_checkpoint(CHECKPOINT, ModelFiles(files.keras, files.onnx, files.extra[:count]), folder)
    checkpoint, stored = read_checkpoint(folder)
    assert checkpoint == CHECKPOINT
    assert [file.name for file in stored.extra] == list(EXTRA[:count])
    for file in (stored.keras, stored.onnx, *stored.extra):
        assert file.parent == folder
        assert file.read_text() == f"content of {file.name}"


def test_a_damaged_drift_reference_is_found(files: ModelFiles, tmp_path: Path) -> None:
    folder = tmp_path / "stored"
    folder.mkdir()
    write_checkpoint(CHECKPOINT, files, folder)
    assert set(json.loads((folder / "training.json").read_text())["sha256"]) >= set(EXTRA)
    (folder / "drift_reference.json").write_text("another")
    with pytest.raises(CheckpointError, match=r"drift_reference\.json is not what was written"):
        read_checkpoint(folder)
