"""Promotes a version as a process of its own; its test decides what it measures and when it moves.

Arguments: the server, the model, the version, and a folder with the correct predictions of each
version. The alias is moved only after each version of the folder has set its tags and read the
alias, and after the versions named in the folder's file `first` have ended.
"""

import sys
import time
from pathlib import Path
from types import SimpleNamespace

import numpy as np

from mnist_trainer.data.images import LabelledImages
from mnist_trainer.pipeline import measurement, overlap, promotion
from mnist_trainer.tracking.registry import Registry
from mnist_trainer.tracking.version import Version

TEST = LabelledImages(np.zeros((1, 784), np.uint8), np.zeros(1, np.uint8))
SECONDS = 200


def main(uri: str, name: str, number: str, folder: Path) -> None:
    """Apply the gate to the version, and print the reason."""
    registry = Registry(uri, name, "Production")
    numbers = [file.stem for file in folder.glob("*.npy")]
    move = registry.client.set_registered_model_alias
    champion = registry.desired_version()

    def move_together(*given: str) -> None:
        (folder / f"{number}.ready").touch()
        await_files([folder / f"{each}.ready" for each in numbers if each != _champion(champion)])
        if number == (folder / "last").read_text():
            others = [each for each in numbers if each not in {number, _champion(champion)}]
            await_files([folder / f"{each}.ended" for each in others])
        registry.client.set_registered_model_alias = move
        move(*given)

    registry.client.set_registered_model_alias = move_together
    for module in (measurement, promotion, overlap):
        module.measure = lambda registry, version, test: measured(folder, version.number)
    candidate = promotion.Candidate(registry.find(int(number)), measured(folder, number).correct)
    decision = promotion.apply_gate(
        registry, candidate, promotion.measure_champion(registry, TEST), TEST, floor=0.5
    )
    (folder / f"{number}.ended").touch()
    print(decision.promoted, decision.reason)


def measured(folder: Path, number: int | str) -> SimpleNamespace:
    correct = np.load(folder / f"{number}.npy")
    return SimpleNamespace(correct=correct, accuracy=float(correct.mean()))


def await_files(files: list[Path]) -> None:
    until = time.monotonic() + SECONDS
    while not all(file.exists() for file in files):
        assert time.monotonic() < until, files
        time.sleep(0.01)


def _champion(version: Version | None) -> str:
    return str(version.number) if version else ""


if __name__ == "__main__":
    main(*sys.argv[1:4], Path(sys.argv[4]))
