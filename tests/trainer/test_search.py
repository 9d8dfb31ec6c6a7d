"""A search by one searcher: what it leaves in MLflow, what it trains, and what it does not see."""

from dataclasses import replace
from typing import Any

import pytest
from mlflow import MlflowClient

from mnist_trainer.cli import commands
from mnist_trainer.data import dataset as data
from mnist_trainer.data.dataset import SHIPPED
from mnist_trainer.errors import SettingError
from mnist_trainer.evaluation.gate import Decision
from mnist_trainer.pipeline.train import TrainConfig
from mnist_trainer.search import run as search
from mnist_trainer.search import space
from mnist_trainer.search.study import open_study
from mnist_trainer.settings import Settings, read_settings
from mnist_trainer.tracking.health import ServerError
from mnist_trainer.tracking.registry import Registry
from mnist_trainer.training.recipes import RECIPES
from support.trainer.searches import command, runs_of, versions_of


@pytest.fixture(scope="module")
def searched(server: str, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """One search that the tests of this module look at."""
    settings = read_settings(
        {
            "MLFLOW_TRACKING_URI": server,
            "MLFLOW_EXPERIMENT_NAME": "searched",
            "MODEL_NAME": "searched",
            "MODELS_DIR": str(tmp_path_factory.mktemp("models")),
        },
        SHIPPED,
    )
    assert command(settings, "--trials=3", "--study=mine") == 0
    return settings


def test_every_trial_is_a_run_below_the_search_with_its_settings_and_accuracies(
    searched: Settings, client: MlflowClient
) -> None:
    parent, trials, _ = runs_of(searched, client)
    assert [run.info.run_name for run in trials] == ["trial 0", "trial 1", "trial 2"]
    for run in (parent, *trials):
        assert run.info.status == "FINISHED"
    for run in trials:
        history = client.get_metric_history(run.info.run_id, "val_accuracy")
        assert sorted(point.step for point in history) == [1, 2]
        assert run.data.tags["trial"] == "complete"
        assert {"learning_rate", "batch_size", "hidden", "seed"} <= run.data.params.keys()
    best = max(trials, key=lambda run: run.data.metrics["val_accuracy"])
    assert parent.data.metrics["best_val_accuracy"] == best.data.metrics["val_accuracy"]
    assert best.info.run_name == f"trial {parent.data.tags['best_trial']}"
    assert len({run.data.params["learning_rate"] for run in trials}) == 3


def test_the_first_trial_is_the_recipe(searched: Settings, client: MlflowClient) -> None:
    first = runs_of(searched, client)[1][0].data.params
    recipe = space.recipe_to_params(RECIPES["quick"]) | {"hidden": str(RECIPES["quick"].hidden)}
    assert {name: first[name] for name in recipe} == {k: str(v) for k, v in recipe.items()}


def test_the_best_is_trained_in_full_registered_and_promoted(
    searched: Settings, client: MlflowClient
) -> None:
    parent, trials, (trained,) = runs_of(searched, client)
    best = trials[int(parent.data.tags["best_trial"])].data.params
    for name in ("hidden", "seed", *(each.field for each in space.RANGES)):
        assert trained.data.params[name] == best[name]
    assert (best["epochs"], trained.data.params["epochs"]) == ("2", "3")
    assert trained.data.tags["search"] == "mine"
    version = client.get_model_version_by_alias("searched", "Production")
    assert version.run_id == trained.info.run_id
    assert len(versions_of(searched, client)) == 1


def test_a_search_that_is_done_says_so_and_trains_nothing(
    searched: Settings, client: MlflowClient, capfd: pytest.CaptureFixture[str]
) -> None:
    ended = runs_of(searched, client)[0].info.end_time
    assert command(searched, "--trials=3", "--study=mine") == 0
    output = capfd.readouterr()
    assert "trained already; the gate: passed" in output.out
    assert output.err == ""
    parent, trials, others = runs_of(searched, client)
    assert (parent.info.end_time, len(trials), len(others)) == (ended, 3, 1)


def test_another_beginning_needs_another_study(searched: Settings) -> None:
    for changed in ("--epochs=1", "--limit=100", "--seed=1", "--recipe=default"):
        name = changed[2:].split("=")[0]
        with pytest.raises(SettingError, match=rf"mine was started with {name}.*--study"):
            command(searched, "--trials=3", "--study=mine", changed)
    with pytest.raises(SettingError, match="MODELS_DIR is not set"):
        command(replace(searched, models_dir=None), "--study=other")


@pytest.mark.slow
def test_more_trials_can_be_asked_for_later_even_where_the_server_has_forgotten_the_search(
    settings: Settings, client: MlflowClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    trained: list[TrainConfig] = []

    def note(_: Settings, __: Registry, order: TrainConfig, *___: object) -> Decision:
        trained.append(order)
        return Decision(True, "passed")

    monkeypatch.setattr(search, "train", note)
    assert command(settings, "--trials=1") == 0
    parent, trials, _ = runs_of(settings, client)
    assert len(trials) == 1
    client.delete_run(parent.info.run_id)
    assert command(settings, "--trials=2") == 0
    parent, trials, _ = runs_of(settings, client)
    assert [run.info.run_name for run in trials] == ["trial 1"]
    assert parent.info.status == "FINISHED"
    assert len(trained) == 2


@pytest.mark.slow
def test_the_test_images_are_not_touched_before_the_training_of_the_best(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    sealed: Any = None  # has no length, no images, no labels
    whole = data.load_dataset(data.SHIPPED)
    monkeypatch.setattr(commands, "load_dataset", lambda _: replace(whole, test=sealed))
    monkeypatch.setattr(search, "train", lambda *_: Decision(True, "passed"))
    assert command(settings, "--trials=2") == 0


@pytest.mark.slow
def test_a_training_of_the_best_that_failed_is_made_up_for_and_one_rejected_is_not(
    settings: Settings, client: MlflowClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> Decision:
        raise ServerError("No tracking server answers.")

    with monkeypatch.context() as failing:
        failing.setattr(search, "train", fail)
        with pytest.raises(ServerError):
            command(settings, "--trials=1")
    assert runs_of(settings, client)[0].info.status == "FAILED"
    strict = ["--trials=1", "--floor=1", "--require-promotion"]
    assert command(settings, *strict) == commands.REJECTED
    assert command(settings, *strict) == commands.REJECTED
    assert len(versions_of(settings, client)) == 1
    parent, trials, _ = runs_of(settings, client)
    assert (parent.info.status, len(trials)) == ("FINISHED", 1)


def test_a_trial_that_learns_too_slowly_is_pruned(settings: Settings, client: MlflowClient) -> None:
    first = space.recipe_to_params(RECIPES["quick"]) | {"batch_size": 128, "hidden": "128-64"}
    assert settings.models_dir
    with open_study(settings.models_dir / "searches", "quick", 2) as study:
        for rate in (0.002, 0.0025, 0.003, 0.004, 0.005, 3e-4):
            study.enqueue(first | {"learning_rate": rate})
    assert command(settings, "--trials=6") == 0
    _, trials, _ = runs_of(settings, client)
    (slow,) = (run for run in trials if run.data.params["learning_rate"] == "0.0003")
    assert slow.data.tags["trial"] == "pruned"
    assert slow.info.status == "FINISHED"
    assert len(client.get_metric_history(slow.info.run_id, "val_accuracy")) == 1
    assert [run.data.tags["trial"] for run in trials].count("complete") == 5
