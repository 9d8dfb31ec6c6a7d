"""Logs plots, HTML report and model card of a run.

An exception here does not end the training: it is printed in one line, and the next stage follows.
"""

import tempfile
from pathlib import Path

from mnist_trainer.console import print_line
from mnist_trainer.evaluation.robustness import Predict
from mnist_trainer.reporting.results import Results
from mnist_trainer.tracking.health import ServerError
from mnist_trainer.tracking.registry import Registry
from mnist_trainer.tracking.run import Run
from mnist_trainer.tracking.version import Version


def publish(
    run: Run, registry: Registry, version: Version, results: Results, predict: Predict
) -> str | None:
    """Log `report.html` and `figures/*.png`, and set the version's description.

    Returns the registered model's card with the metrics of this version, to be used when it is
    promoted; None where something failed.
    """
    try:
        # Imported here, so that a broken matplotlib is covered too
        from mnist_trainer.reporting.artifacts import write_artifacts
        from mnist_trainer.reporting.model_card import describe_model, describe_version

        with tempfile.TemporaryDirectory() as scratch:
            title = f"{registry.name}, version {version.number}"
            artifacts = write_artifacts(Path(scratch), title, results, predict)
            run.log_folder(Path(scratch))
        run.log_metrics(artifacts.metrics)
        run.send_pending()
        text = describe_version(registry.name, version.number, results, artifacts.robustness)
        registry.set_description(text, version)
        print_line("Report   report.html and figures/ are in the run")
        return describe_model(
            registry.name, registry.alias, version.number, results, artifacts.robustness
        )
    except Exception as error:  # of any kind: the model is trained and may be promoted
        _print_failure("Plots, report or model card could not be made", error)
        return None


def update_model_card(registry: Registry, card: str) -> None:
    """Set the registered model's description to the ``card`` of the promoted version."""
    try:
        registry.set_description(card)
    except ServerError as error:
        _print_failure("The registered model keeps its old description", error)


def _print_failure(outcome: str, error: Exception) -> None:
    message = " ".join(str(error).split())[:300]
    print_line(
        f"Report   {outcome}; the training goes on without ({type(error).__name__}: {message})"
    )
