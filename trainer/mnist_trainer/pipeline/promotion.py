"""The last stage: the gate between a registered candidate and the champion."""

import tempfile
from dataclasses import dataclass
from pathlib import Path

from mnist_trainer.console import print_line
from mnist_trainer.data.images import LabelledImages
from mnist_trainer.evaluation.gate import Decision, decide
from mnist_trainer.evaluation.metrics import Correct, Metrics, compute_metrics
from mnist_trainer.export.onnx_inference import OnnxError, infer
from mnist_trainer.tracking.health import ServerError, check_health
from mnist_trainer.tracking.registry import Registry, Version, VersionError


@dataclass(frozen=True)
class Candidate:
    """A version that may be promoted; ``correct``: its correct test predictions, bool [n]."""

    version: Version
    correct: Correct


@dataclass(frozen=True)
class Champion:
    """The desired version, with which a candidate is compared.

    ``version`` is None where no version has the alias. ``metrics`` is None where the version cannot
    be run; ``note`` then says why the floor decides alone.
    """

    version: Version | None
    metrics: Metrics | None
    note: str = ""


def measure_champion(registry: Registry, test: LabelledImages) -> Champion:
    """Run the desired version on the test images; raises ServerError."""
    version = registry.desired_version()
    if version is None:
        print_line("Gate     there is no champion: the floor decides alone")
        return Champion(None, None)
    try:
        with tempfile.TemporaryDirectory() as scratch:
            file = registry.download_onnx(version, Path(scratch))
            probabilities = infer(file, test.pixels())
    except (VersionError, OnnxError, ServerError) as error:
        check_health(registry.uri)  # a server that does not answer must not open the gate
        note = (
            f"the champion, version {version.number}, cannot be measured, "
            f"so the floor decides alone: {error}"
        )
        print_line(f"Gate     {note}")
        return Champion(version, None, note)
    metrics = compute_metrics(probabilities, test)
    print_line(
        f"Gate     the champion, version {version.number}, has accuracy {metrics.accuracy:.4f} "
        "on the same images"
    )
    return Champion(version, metrics)


def apply_gate(
    registry: Registry, candidate: Candidate, champion: Champion, test: LabelledImages, floor: float
) -> Decision:
    """Decide on the candidate, tag it with the decision and promote it where it passes.

    Where the alias has moved from ``champion`` meanwhile, the candidate is compared with the new
    champion. Raises ServerError; the alias moves last.
    """
    while True:
        correct = champion.metrics.correct if champion.metrics else None
        decision = decide(candidate.correct, correct, floor)
        registry.set_tag(candidate.version, "gate", decision.reason)
        if not decision.promoted:
            return decision
        desired = registry.desired_version()
        if _number(desired) == candidate.version.number:  # promoted by hand meanwhile
            return decision
        if _number(desired) == _number(champion.version):
            if champion.note:
                registry.set_tag(candidate.version, "gate_note", champion.note)
            registry.promote(candidate.version, over=champion.version)
            return decision
        print_line(f"Gate     version {_number(desired)} is the new champion; comparing again")
        champion = measure_champion(registry, test)


def _number(version: Version | None) -> int | None:
    return version.number if version else None
