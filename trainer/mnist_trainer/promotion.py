"""The last stage: a registered candidate against the version in service."""

import tempfile
from pathlib import Path

from mnist_trainer.data import Digits
from mnist_trainer.evaluate import judge
from mnist_trainer.gate import Answers, Verdict, decide
from mnist_trainer.onnx_file import OnnxError, infer
from mnist_trainer.registry import Registry, Version, VersionError
from mnist_trainer.server import ServerError, check


def pass_gate(
    registry: Registry, candidate: Version, answers: Answers, test: Digits, floor: float
) -> Verdict:
    """Judge the candidate, tag it with the verdict and promote it where the gate lets it.

    ``answers`` says which of the ``test`` images the candidate recognises, bool [n]. Raises
    ServerError; the alias moves last.
    """
    current = registry.in_service()
    while True:
        verdict = decide(answers, _answers_of(registry, current, test), floor)
        registry.tag(candidate, "gate", verdict.reason)
        if not verdict.promoted:
            return verdict
        now = registry.in_service()
        if _number(now) == _number(current):
            registry.promote(candidate, over=current)
            return verdict
        print(f"Gate     version {_number(now)} is in service meanwhile; judging again", flush=True)
        current = now


def _number(version: Version | None) -> int | None:
    return version.number if version else None


def _answers_of(registry: Registry, version: Version | None, test: Digits) -> Answers | None:
    """Return which images the version in service recognises, None where it cannot be measured."""
    if version is None:
        print("Gate     no version is in service: the floor decides alone", flush=True)
        return None
    try:
        with tempfile.TemporaryDirectory() as scratch:
            file = registry.fetch_onnx(version, Path(scratch))
            probabilities = infer(file, test.pixels())
    except (VersionError, OnnxError, ServerError) as error:
        check(registry.uri)  # a server that is away must not open the gate
        print(
            f"Gate     version {version.number} is in service and cannot be measured, "
            f"so the floor decides alone: {error}",
            flush=True,
        )
        return None
    figures = judge(probabilities, test)
    print(
        f"Gate     version {version.number} is in service: accuracy {figures.accuracy:.4f} "
        "on the same images",
        flush=True,
    )
    return figures.right
