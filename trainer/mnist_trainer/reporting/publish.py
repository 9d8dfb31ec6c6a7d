"""Leaves figures, report and model card with a run and its version.

Nothing that goes wrong here costs a training: it is said in one line, and the next stage follows.
"""

import tempfile
from pathlib import Path

from mnist_trainer.console import say
from mnist_trainer.evaluation.robustness import Predict
from mnist_trainer.reporting.results import Results
from mnist_trainer.tracking.health import ServerError
from mnist_trainer.tracking.registry import Registry, Version
from mnist_trainer.tracking.run import Run


def show(
    run: Run, registry: Registry, version: Version, results: Results, predict: Predict
) -> str | None:
    """Log `report.html` and `figures/*.png`, and describe the version.

    Returns the card of the whole model with the figures of this version, for when it goes into
    service; None where something went wrong.
    """
    try:
        # Here, so that a matplotlib that cannot be imported does no harm either
        from mnist_trainer.reporting.artifacts import write_evidence
        from mnist_trainer.reporting.model_card import describe_model, describe_version

        with tempfile.TemporaryDirectory() as scratch:
            title = f"{registry.name}, version {version.number}"
            evidence = write_evidence(Path(scratch), title, results, predict)
            run.log_folder(Path(scratch))
        run.log_figures(evidence.numbers)
        run.send_figures()
        text = describe_version(registry.name, version.number, results, evidence.limits)
        registry.describe(text, version)
        say("Report   report.html and figures/ are in the run")
        return describe_model(
            registry.name, registry.alias, version.number, results, evidence.limits
        )
    except Exception as error:  # whatever it is, the network is trained and may go into service
        _tell("Figures, report or model card could not be made", error)
        return None


def introduce(registry: Registry, card: str) -> None:
    """Describe the registered model by the ``card`` of the version that went into service."""
    try:
        registry.describe(card)
    except ServerError as error:
        _tell("The model keeps its old description", error)


def _tell(outcome: str, error: Exception) -> None:
    said = " ".join(str(error).split())[:300]
    say(f"Report   {outcome}; the training goes on without ({type(error).__name__}: {said})")
