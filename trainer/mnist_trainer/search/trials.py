"""The trials of a search: short trainings, each in a run below the search's run."""

import time
from dataclasses import asdict, dataclass

import keras  # type: ignore[import-untyped]  # ships no types
from optuna.trial import Trial

from mnist_trainer.console import print_line
from mnist_trainer.data.images import LabelledImages
from mnist_trainer.search.config import SearchConfig
from mnist_trainer.search.parent_run import ParentRun
from mnist_trainer.search.space import params_to_recipe, search_space
from mnist_trainer.search.study import Study
from mnist_trainer.settings import Settings
from mnist_trainer.tracking.run import Run
from mnist_trainer.tracking.run_context import open_run
from mnist_trainer.training.loop import fit
from mnist_trainer.training.model import build_model
from mnist_trainer.training.recipes import Recipe

INTERVAL = 1  # seconds between two checks of the other processes' trials

Split = tuple[LabelledImages, LabelledImages]


@dataclass(frozen=True)
class Worker:
    """One process of a search: its configuration, and what it shares with other processes."""

    settings: Settings
    config: SearchConfig
    study: Study
    parent: ParentRun


def run_trials(worker: Worker, split: Split) -> None:
    """Run trials until all processes together have done as many as are configured.

    The first part of ``split`` is for training, the second for validation. Raises ServerError.
    """
    config, study, parent = worker.config, worker.study, worker.parent
    space = search_space(config.recipe)
    is_waiting = False
    while True:
        for abandoned in study.requeue_abandoned():
            print_line(f"Trial    {abandoned.number:3d}  was interrupted; it is repeated")
            parent.end_abandoned(abandoned.user_attrs.get("run"))
        if study.count() >= config.trials:
            return
        trial = study.start_trial(config.trials, space, config.seed)
        if trial is None:  # the processes that run the last ones may be killed
            if not is_waiting:
                print_line("Waiting  for the last trials, which run in other processes")
            is_waiting = True
            time.sleep(INTERVAL)
            continue
        parent.set_status("RUNNING")
        _run_trial(worker, trial, split)
        with study.exclusive():  # MLflow refuses one of two processes that write a new tag at once
            best = study.best()
            parent.log_best(best.value or 0.0, best.number, study.count())


def _run_trial(worker: Worker, trial: Trial, split: Split) -> None:
    started = time.perf_counter()
    settings, config, study = worker.settings, worker.config, worker.study
    recipe = params_to_recipe(trial.params, config.recipe, config.epochs)
    tags = {
        "mlflow.parentRunId": worker.parent.id,
        "mlflow.runName": f"trial {trial.number}",
    }
    with open_run(settings.tracking_uri, settings.experiment, tags) as run:
        trial.set_user_attr("run", run.id)
        params = {"recipe": config.recipe_name} | asdict(recipe)
        run.log_params(params | {"seed": config.seed, "training_images": len(split[0])})
        accuracies = _fit(run, trial, recipe, config.seed, split)
        is_pruned = len(accuracies) < recipe.epochs
        run.set_tag("trial", "pruned" if is_pruned else "complete")
        run.send_pending()
    study.end_trial(trial, None if is_pruned else accuracies[-1])
    state = f"pruned after epoch {len(accuracies)}" if is_pruned else "complete"
    best = study.best()
    print_line(
        f"Trial    {trial.number:3d}  validation accuracy {accuracies[-1]:.4f}  {state}  "
        f"{time.perf_counter() - started:.1f} s  best {best.value:.4f} (trial {best.number})  "
        f"{study.count()}/{config.trials}"
    )


def _fit(run: Run, trial: Trial, recipe: Recipe, seed: int, split: Split) -> list[float]:
    """Return the validation accuracy of each epoch; a pruned trial has fewer epochs."""
    keras.backend.clear_session()  # frees the previous trial's model
    keras.utils.set_random_seed(seed)  # for layers that are built without a seed
    accuracies: list[float] = []
    for epoch in fit(build_model(recipe.hidden, seed), *split, recipe, seed):
        accuracies.append(epoch.val_accuracy)
        metrics = {"val_accuracy": epoch.val_accuracy, "val_loss": epoch.val_loss}
        run.log_metrics(metrics | {"loss": epoch.loss}, step=epoch.number)
        trial.report(epoch.val_accuracy, epoch.number)
        if epoch.number < recipe.epochs and trial.should_prune():
            break
    return accuracies
