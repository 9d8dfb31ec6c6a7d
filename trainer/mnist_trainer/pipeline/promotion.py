"""The last stage: a registered candidate against the version in service."""

import tempfile
from dataclasses import dataclass
from pathlib import Path

from mnist_trainer.console import say
from mnist_trainer.data.images import Digits
from mnist_trainer.evaluation.gate import Answers, Verdict, decide
from mnist_trainer.evaluation.metrics import judge
from mnist_trainer.export.onnx_inference import OnnxError, infer
from mnist_trainer.reporting.results import InService
from mnist_trainer.tracking.health import ServerError, check
from mnist_trainer.tracking.registry import Registry, Version, VersionError


@dataclass(frozen=True)
class Candidate:
    """A version to be judged; ``answers``: which test images it recognises, bool [n]."""

    version: Version
    answers: Answers


@dataclass(frozen=True)
class Rival:
    """Whom a candidate has to beat.

    ``version`` is in service, None where none is; ``measured`` is what it says of the test images,
    None where it cannot be run, and then ``note`` says why the floor decided alone.
    """

    version: Version | None
    measured: InService | None
    note: str = ""


def find_rival(registry: Registry, test: Digits) -> Rival:
    """Measure the version in service on the test images; raises ServerError."""
    version = registry.in_service()
    if version is None:
        say("Gate     no version is in service: the floor decides alone")
        return Rival(None, None)
    try:
        with tempfile.TemporaryDirectory() as scratch:
            file = registry.fetch_onnx(version, Path(scratch))
            probabilities = infer(file, test.pixels())
    except (VersionError, OnnxError, ServerError) as error:
        check(registry.uri)  # a server that is away must not open the gate
        note = (
            f"version {version.number} is in service and cannot be measured, "
            f"so the floor decides alone: {error}"
        )
        say(f"Gate     {note}")
        return Rival(version, None, note)
    accuracy = judge(probabilities, test).accuracy
    say(
        f"Gate     version {version.number} is in service: accuracy {accuracy:.4f} "
        "on the same images"
    )
    return Rival(version, InService(version.number, probabilities))


def pass_gate(
    registry: Registry, candidate: Candidate, rival: Rival, test: Digits, floor: float
) -> Verdict:
    """Judge the candidate, tag it with the verdict and promote it where the gate lets it.

    Where another version than ``rival`` has gone into service meanwhile, the candidate is judged
    against that one. Raises ServerError; the alias moves last.
    """
    while True:
        theirs = judge(rival.measured.probabilities, test).right if rival.measured else None
        verdict = decide(candidate.answers, theirs, floor)
        registry.tag(candidate.version, "gate", verdict.reason)
        if not verdict.promoted:
            return verdict
        now = registry.in_service()
        if _number(now) == candidate.version.number:  # put there by hand meanwhile
            return verdict
        if _number(now) == _number(rival.version):
            if rival.note:
                registry.tag(candidate.version, "gate_note", rival.note)
            registry.promote(candidate.version, over=rival.version)
            return verdict
        say(f"Gate     version {_number(now)} is in service meanwhile; judging again")
        rival = find_rival(registry, test)


def _number(version: Version | None) -> int | None:
    return version.number if version else None
