"""A search from its first trial to the gate: trials, and the best of them trained in full."""

import contextlib

from optuna.trial import FrozenTrial

from mnist_trainer.console import say
from mnist_trainer.data.dataset import Dataset
from mnist_trainer.errors import SettingError
from mnist_trainer.evaluation.gate import PASSED, Verdict
from mnist_trainer.pipeline.train import Order, train
from mnist_trainer.search.config import Search, agree, list_terms
from mnist_trainer.search.parent_run import Parent
from mnist_trainer.search.space import recipe_of
from mnist_trainer.search.study import Study, open_study
from mnist_trainer.search.trials import Searcher, run_trials
from mnist_trainer.settings import Settings
from mnist_trainer.signals import Stopped
from mnist_trainer.tracking.registry import Registry


def search(settings: Settings, registry: Registry, wanted: Search, data: Dataset) -> Verdict:
    """Run what is missing of a search, alone or beside others, and train its best recipe.

    The trials see no test image. Raises TrainerError; the same search then goes on from there.
    """
    if settings.models_dir is None:
        raise SettingError("MODELS_DIR is not set; a search keeps its trials in that folder.")
    split = data.train.first(wanted.limit or len(data.train)), data.validation
    with open_study(settings.models_dir / "searches", wanted.name, wanted.epochs) as study:
        parent = _join(settings, study, wanted, data)
        searcher = Searcher(settings, wanted, study, parent)
        say(f"Search   {study.name}: {study.count()} of {wanted.trials} trials done")
        say(f"Run      {parent.address}")
        try:
            run_trials(searcher, split)
            return _train_best(searcher, registry, data)
        except BaseException as error:
            say("Search   not done; what is done is kept, and the same command goes on with it")
            with contextlib.suppress(Exception):  # it must not hide the reason
                if not study.is_shared():
                    parent.set_status("KILLED" if isinstance(error, Stopped) else "FAILED")
            raise


def _join(settings: Settings, study: Study, wanted: Search, data: Dataset) -> Parent:
    """Return the run that all searchers share; the first one opens it."""
    terms = list_terms(wanted, data)
    agree(study, terms, wanted.recipe)
    with study.alone():
        parent = Parent(settings.tracking_uri, settings.experiment, study.recall("run"), study.name)
        if parent.is_new:
            parent.log_settings(terms)
            study.note("run", parent.id)
    return parent


def _train_best(searcher: Searcher, registry: Registry, data: Dataset) -> Verdict:
    """Train the best recipe in full like any other, unless that is done: one searcher does it."""
    wanted, study, parent = searcher.wanted, searcher.study, searcher.parent
    if study.is_best_taken():
        say("Best     another searcher trains it; waiting for what comes of it")
    with study.alone_with_best():
        best = study.best()
        recipe = recipe_of(best.params, wanted.recipe, wanted.recipe.epochs)
        this = f"trial {best.number} of {parent.id}, {recipe.epochs} epochs"
        tags = {"search": study.name, "best": this}
        say(f"Best     {_describe(best)}")
        gate = parent.find_gate(tags)
        if gate is None:
            parent.set_status("RUNNING")
            order = Order(
                recipe_name=f"search {study.name}",
                recipe=recipe,
                seed=wanted.seed,
                limit=wanted.limit,
                floor=wanted.floor,
                tags=tags,
            )
            verdict = train(searcher.settings, registry, order, data)
        else:
            say(f"Best     trained already; the gate said of it: {gate}")
            verdict = Verdict(gate == PASSED, gate)
        parent.finish()
        return verdict


def _describe(best: FrozenTrial) -> str:
    settings = (
        f"{name.replace('_', ' ')} {value:.3g}"
        if isinstance(value, float)
        else f"{name.replace('_', ' ')} {value}"
        for name, value in best.params.items()
    )
    return f"trial {best.number}, validation accuracy {best.value:.4f}: {', '.join(settings)}"
