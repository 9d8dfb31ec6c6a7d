"""Training and calibration, told on the terminal and in the run as they go on."""

from dataclasses import asdict

import keras  # type: ignore[import-untyped]  # ships no types

from mnist_trainer.console import say
from mnist_trainer.data.images import Digits
from mnist_trainer.evaluation.calibration import weigh
from mnist_trainer.evaluation.metrics import judge, predict
from mnist_trainer.tracking.run import Run
from mnist_trainer.training.history import EpochMetrics
from mnist_trainer.training.loop import fit
from mnist_trainer.training.recipes import Recipe
from mnist_trainer.training.temperature import apply_temperature, choose_temperature


def learn(
    run: Run, network: keras.Sequential, split: tuple[Digits, Digits], recipe: Recipe, seed: int
) -> list[EpochMetrics]:
    """Train ``network`` on the first part of ``split``; the second validates.

    Every epoch is a line on the terminal and figures in the run.
    """
    history: list[EpochMetrics] = []
    heard = True
    for epoch in fit(network, *split, recipe, seed):
        history.append(epoch)
        say(
            f"EpochMetrics    {epoch.number:3d}/{recipe.epochs}  loss {epoch.loss:.4f}  "
            f"accuracy {epoch.accuracy:.4f}  validation accuracy {epoch.val_accuracy:.4f}  "
            f"{epoch.seconds:.1f} s"
        )
        figures = asdict(epoch)
        taken = run.log_figures(figures, step=figures.pop("number"))
        if heard and not taken:
            say("The tracking server does not answer; the training goes on without it.")
        heard = taken
    total = sum(epoch.seconds for epoch in history)
    run.log_figures({"training_seconds": total})
    say(f"Trained  in {total:.1f} s")
    return history


def calibrate(run: Run, network: keras.Sequential, validation: Digits) -> None:
    """Make the network as sure as it is right, by its answers to the validation images."""
    before = predict(network, validation.pixels())
    temperature = choose_temperature(before, validation)
    apply_temperature(network, temperature)
    errors = [
        weigh(said, judge(said, validation).right).error
        for said in (before, predict(network, validation.pixels()))
    ]
    run.log_figures(
        {
            "temperature": temperature,
            "val_calibration_error_before": errors[0],
            "val_calibration_error": errors[1],
        }
    )
    say(
        f"Calibrated at temperature {temperature:.2f}: "
        f"calibration error {errors[0]:.2%} -> {errors[1]:.2%}"
    )
