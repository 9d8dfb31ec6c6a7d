"""Training and calibration, with their metrics on the terminal and in the run."""

from dataclasses import asdict

import keras  # type: ignore[import-untyped]  # ships no types

from mnist_trainer.console import print_line
from mnist_trainer.data.images import LabelledImages
from mnist_trainer.evaluation.calibration import reliability_bins
from mnist_trainer.evaluation.metrics import compute_metrics, predict
from mnist_trainer.tracking.run import Run
from mnist_trainer.training.history import EpochMetrics
from mnist_trainer.training.loop import fit
from mnist_trainer.training.recipes import Recipe
from mnist_trainer.training.temperature import apply_temperature, choose_temperature


def fit_and_log(
    run: Run,
    model: keras.Sequential,
    split: tuple[LabelledImages, LabelledImages],
    recipe: Recipe,
    seed: int,
) -> list[EpochMetrics]:
    """Train ``model`` on the first part of ``split``, validate on the second, log each epoch."""
    history: list[EpochMetrics] = []
    was_stored = True
    for epoch in fit(model, *split, recipe, seed):
        history.append(epoch)
        print_line(
            f"Epoch    {epoch.number:3d}/{recipe.epochs}  loss {epoch.loss:.4f}  "
            f"accuracy {epoch.accuracy:.4f}  validation accuracy {epoch.val_accuracy:.4f}  "
            f"{epoch.seconds:.1f} s"
        )
        metrics = asdict(epoch)
        is_stored = run.log_metrics(metrics, step=metrics.pop("number"))
        if was_stored and not is_stored:
            print_line("The tracking server stores nothing now; the training goes on without it.")
        was_stored = is_stored
    total = sum(epoch.seconds for epoch in history)
    run.log_metrics({"training_seconds": total})
    print_line(f"Trained  in {total:.1f} s")
    return history


def calibrate(run: Run, model: keras.Sequential, validation: LabelledImages) -> None:
    """Choose and apply the temperature; log it and the calibration error before and after."""
    before = predict(model, validation.pixels())
    temperature = choose_temperature(before, validation)
    apply_temperature(model, temperature)
    errors = [
        reliability_bins(
            probabilities, compute_metrics(probabilities, validation).correct
        ).calibration_error
        for probabilities in (before, predict(model, validation.pixels()))
    ]
    run.log_metrics(
        {
            "temperature": temperature,
            "val_calibration_error_before": errors[0],
            "val_calibration_error": errors[1],
        }
    )
    print_line(
        f"Calibrated at temperature {temperature:.2f}: "
        f"calibration error {errors[0]:.2%} -> {errors[1]:.2%}"
    )
