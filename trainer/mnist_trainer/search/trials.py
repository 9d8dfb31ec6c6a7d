"""The trials of a search: short trainings, each a run below the search's own."""

import logging
import time
from dataclasses import asdict, dataclass

import keras  # type: ignore[import-untyped]  # ships no types
from optuna.trial import Trial

from mnist_trainer.console import say
from mnist_trainer.data.images import Digits
from mnist_trainer.search.config import Search
from mnist_trainer.search.parent_run import Parent
from mnist_trainer.search.space import recipe_of, span_around
from mnist_trainer.search.study import Study
from mnist_trainer.settings import Settings
from mnist_trainer.tracking.run import Run
from mnist_trainer.tracking.run_context import open_run
from mnist_trainer.training.loop import fit
from mnist_trainer.training.model import build_model
from mnist_trainer.training.recipes import Recipe

PAUSE = 1  # seconds between two looks at what other searchers do

Split = tuple[Digits, Digits]


@dataclass(frozen=True)
class Searcher:
    """One of the searchers of a study: what it is told, and what it shares with the others."""

    settings: Settings
    wanted: Search
    study: Study
    parent: Parent


def run_trials(searcher: Searcher, split: Split) -> None:
    """Run trials until as many are done as are wanted, by this searcher and the others.

    The first part of ``split`` is trained on, the second validates. Raises ServerError.
    """
    wanted, study, parent = searcher.wanted, searcher.study, searcher.parent
    space = span_around(wanted.recipe)
    logging.getLogger("tensorflow").setLevel(logging.ERROR)  # it takes trials for repeated tracing
    waiting = False
    while True:
        for left in study.take_back():
            say(f"Trial    {left.number:3d}  was interrupted; it is done again")
            parent.end_left(left.user_attrs.get("run"))
        if study.count() >= wanted.trials:
            return
        trial = study.begin(wanted.trials, space, wanted.seed)
        if trial is None:  # their searchers may be killed yet
            if not waiting:
                say("Waiting  for the last trials, which other searchers run")
            waiting = True
            time.sleep(PAUSE)
            continue
        parent.set_status("RUNNING")
        _run_trial(searcher, trial, split)
        best = study.best()
        parent.log_best(best.value or 0.0, best.number, study.count())


def _run_trial(searcher: Searcher, trial: Trial, split: Split) -> None:
    began = time.perf_counter()
    settings, wanted, study = searcher.settings, searcher.wanted, searcher.study
    recipe = recipe_of(trial.params, wanted.recipe, wanted.epochs)
    tags = {
        "mlflow.parentRunId": searcher.parent.id,
        "mlflow.runName": f"trial {trial.number}",
    }
    with open_run(settings.tracking_uri, settings.experiment, tags) as run:
        trial.set_user_attr("run", run.id)
        told = {"recipe": wanted.recipe_name} | asdict(recipe)
        run.log_settings(told | {"seed": wanted.seed, "training_images": len(split[0])})
        accuracies = _fit(run, trial, recipe, wanted.seed, split)
        pruned = len(accuracies) < recipe.epochs
        run.tag("trial", "pruned" if pruned else "complete")
        run.send_figures()
    study.end(trial, None if pruned else accuracies[-1])
    end = f"pruned after epoch {len(accuracies)}" if pruned else "complete"
    best = study.best()
    say(
        f"Trial    {trial.number:3d}  validation accuracy {accuracies[-1]:.4f}  {end}  "
        f"{time.perf_counter() - began:.1f} s  best {best.value:.4f} (trial {best.number})  "
        f"{study.count()}/{wanted.trials}"
    )


def _fit(run: Run, trial: Trial, recipe: Recipe, seed: int, split: Split) -> list[float]:
    """Return the validation accuracy after each epoch; where it is pruned, of fewer epochs."""
    keras.backend.clear_session()  # what the trial before has left
    keras.utils.set_random_seed(seed)  # of layers that name no seed of their own
    accuracies: list[float] = []
    for epoch in fit(build_model(recipe.hidden, seed), *split, recipe, seed):
        accuracies.append(epoch.val_accuracy)
        figures = {"val_accuracy": epoch.val_accuracy, "val_loss": epoch.val_loss}
        run.log_figures(figures | {"loss": epoch.loss}, step=epoch.number)
        trial.report(epoch.val_accuracy, epoch.number)
        if epoch.number < recipe.epochs and trial.should_prune():
            break
    return accuracies
