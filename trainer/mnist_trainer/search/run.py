"""`search`: runs the trials of a study, then trains the best recipe in full."""

import contextlib
from pathlib import Path

from optuna.trial import FrozenTrial

from mnist_trainer.console import print_line
from mnist_trainer.data.dataset import Dataset
from mnist_trainer.data.drawn_digits import choose_training_images
from mnist_trainer.errors import SettingError
from mnist_trainer.evaluation.gate import PASSED, Decision
from mnist_trainer.pipeline.train import TrainConfig, build_exportable, train
from mnist_trainer.search.config import SearchConfig, check_fixed_settings, list_fixed_settings
from mnist_trainer.search.database import Database
from mnist_trainer.search.parent_run import ParentRun
from mnist_trainer.search.space import params_to_recipe
from mnist_trainer.search.study import Study, open_study
from mnist_trainer.search.trials import Worker, run_trials
from mnist_trainer.settings import Settings
from mnist_trainer.signals import Stopped
from mnist_trainer.tracking.registry import Registry


def search(settings: Settings, registry: Registry, config: SearchConfig, data: Dataset) -> Decision:
    """Run the remaining trials, alone or beside other processes, and train the best recipe.

    No trial uses a test image. Raises TrainerError; the same search can then be continued.
    """
    location = _locate_studies(settings)
    build_exportable(config.recipe, config.seed, data)
    training = choose_training_images(
        data, config.limit, config.recipe.drawn, config.seed, config.recipe.altered
    )
    split = training, data.validation
    with open_study(location, config.name, config.epochs) as study:
        parent = _open_parent_run(settings, study, config, data)
        worker = Worker(settings, config, study, parent)
        print_line(f"Search   {study.name}: {study.count()} of {config.trials} trials done")
        print_line(f"Run      {parent.url}")
        try:
            run_trials(worker, split)
            return _train_best(worker, registry, data)
        except BaseException as error:
            print_line(
                "Search   interrupted; its trials are stored, and the same command continues it"
            )
            with contextlib.suppress(Exception):  # it must not replace the first exception
                if not study.is_shared():
                    parent.set_status("KILLED" if isinstance(error, Stopped) else "FAILED")
            raise


def _locate_studies(settings: Settings) -> Path | Database:
    if settings.optuna_storage:
        return Database(settings.optuna_storage, settings.optuna_password)
    if settings.models_dir is None:
        raise SettingError(
            "MODELS_DIR is not set; a search stores its trials in that folder, or in the database "
            "that OPTUNA_STORAGE names."
        )
    return settings.models_dir / "searches"


def _open_parent_run(
    settings: Settings, study: Study, config: SearchConfig, data: Dataset
) -> ParentRun:
    """Return the run that all processes share; the first one creates it."""
    fixed = list_fixed_settings(config, data)
    check_fixed_settings(study, fixed, config.recipe)
    with study.exclusive():
        parent = ParentRun(
            settings.tracking_uri, settings.experiment, study.get_attribute("run"), study.name
        )
        if parent.is_new:
            parent.log_params(fixed)
            study.set_attribute("run", parent.id)
    return parent


def _train_best(worker: Worker, registry: Registry, data: Dataset) -> Decision:
    """Train the best recipe like any other, in one of the processes, unless that is done."""
    config, study, parent = worker.config, worker.study, worker.parent
    if study.is_best_locked():
        print_line("Best     another process trains it; waiting for the gate")
    with study.exclusive_best():
        best = study.best()
        recipe = params_to_recipe(best.params, config.recipe, config.recipe.epochs)
        description = f"trial {best.number} of {parent.id}, {recipe.epochs} epochs"
        tags = {"search": study.name, "best": description}
        print_line(f"Best     {_describe(best)}")
        gate = parent.find_gate(tags)
        if gate is None:
            parent.set_status("RUNNING")
            train_config = TrainConfig(
                recipe_name=f"search {study.name}",
                recipe=recipe,
                seed=config.seed,
                limit=config.limit,
                floor=config.floor,
                tags=tags,
            )
            decision = train(worker.settings, registry, train_config, data, study.check_locks)
        else:
            print_line(f"Best     trained already; the gate: {gate}")
            decision = Decision(gate == PASSED, gate)
        parent.finish()
        return decision


def _describe(best: FrozenTrial) -> str:
    params = (
        f"{name.replace('_', ' ')} {value:.3g}"
        if isinstance(value, float)
        else f"{name.replace('_', ' ')} {value}"
        for name, value in best.params.items()
    )
    return f"trial {best.number}, validation accuracy {best.value:.4f}: {', '.join(params)}"
