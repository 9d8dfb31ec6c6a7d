"""The trials of a search without any training: what is drawn, counted, pruned and done again."""

from pathlib import Path

import pytest
from optuna.trial import Trial

from mnist_trainer.search.space import params_to_recipe, recipe_to_params, search_space
from mnist_trainer.search.storage import StudyError
from mnist_trainer.search.study import Study, open_study
from mnist_trainer.training.recipes import RECIPES

QUICK = RECIPES["quick"]
SPACE = search_space(QUICK)


def begin(study: Study, seed: int = 0, most: int = 100) -> Trial:
    trial = study.start_trial(most, SPACE, seed)
    assert trial
    return trial


def run(study: Study, seed: int = 0) -> dict[str, object]:
    """Run a trial that likes a learning rate of 0.003, and return what was drawn."""
    trial = begin(study, seed)
    study.end_trial(trial, 1 - abs(trial.params["learning_rate"] - 0.003))
    return dict(trial.params)


@pytest.mark.parametrize("name", RECIPES)
def test_every_recipe_can_be_drawn_and_comes_back_as_itself(name: str) -> None:
    recipe = RECIPES[name]
    drawn = recipe_to_params(recipe)
    assert drawn.keys() == search_space(recipe).keys()
    for field, distribution in search_space(recipe).items():
        assert distribution._contains(distribution.to_internal_repr(drawn[field]))
    assert params_to_recipe(drawn, recipe, recipe.epochs) == recipe


def test_a_search_that_is_left_and_resumed_draws_what_it_would_have_drawn(tmp_path: Path) -> None:
    with open_study(tmp_path / "a", "tried", 2) as study:
        straight = [run(study, seed=4) for _ in range(14)]
    resumed = []
    for _ in range(7):
        with open_study(tmp_path / "b", "tried", 2) as study:
            resumed += [run(study, seed=4), run(study, seed=4)]
    assert resumed == straight
    assert len({each["learning_rate"] for each in straight}) == 14
    with open_study(tmp_path / "c", "tried", 2) as study:
        assert run(study, seed=5) != straight[0]


def test_trials_under_way_at_once_differ(tmp_path: Path) -> None:
    with open_study(tmp_path, "tried", 2) as study:
        rates = {begin(study).params["learning_rate"] for _ in range(5)}
    assert len(rates) == 5


def test_the_number_of_trials_counts_the_done_the_pruned_and_those_under_way(
    tmp_path: Path,
) -> None:
    with open_study(tmp_path, "tried", 2) as study:
        done, pruned, under_way = (begin(study, most=3) for _ in range(3))
        study.end_trial(done, 0.5)
        study.end_trial(pruned, None)
        assert study.start_trial(3, SPACE, 0) is None
        assert study.count() == 2
        assert study.best().number == done.number
        study.end_trial(under_way, 0.6)
        assert study.count() == 3
        assert study.best().number == under_way.number


def test_a_trial_that_was_left_is_done_again_with_the_same_settings_and_not_counted(
    tmp_path: Path,
) -> None:
    first = recipe_to_params(QUICK)
    with open_study(tmp_path, "tried", 2) as study:
        study.enqueue(first)
        left = begin(study)
        assert left.params == first
    with open_study(tmp_path, "tried", 2) as study:
        assert [each.number for each in study.requeue_abandoned()] == [left.number]
        assert study.requeue_abandoned() == []
        assert study.count() == 0
        assert begin(study, most=1).params == first
        assert study.start_trial(1, SPACE, 0) is None


def test_what_a_killed_process_had_enqueued_already_is_not_enqueued_again(tmp_path: Path) -> None:
    first = recipe_to_params(QUICK)
    with open_study(tmp_path, "tried", 2) as study:
        study.enqueue(first)
        study.enqueue(first)
        assert begin(study).params == first
        assert begin(study).params != first


def test_a_trial_is_pruned_that_is_worse_than_most_and_none_of_the_first_is(
    tmp_path: Path,
) -> None:
    with open_study(tmp_path, "tried", 2) as study:
        for accuracy in (0.9, 0.1, 0.8, 0.7, 0.85):
            trial = begin(study)
            trial.report(accuracy, 1)
            assert not trial.should_prune()
            study.end_trial(trial, accuracy)
        for accuracy, pruned in ((0.95, False), (0.5, True)):
            trial = begin(study)
            trial.report(accuracy, 1)
            assert bool(trial.should_prune()) is pruned


def test_a_damaged_or_forbidden_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "tried.journal").write_text('{"op_code": 0}\nno JSON\n')
    with pytest.raises(StudyError, match=r"tried\.journal is damaged"):
        open_study(tmp_path, "tried", 2).__enter__()
    (tmp_path / "file").touch()
    with pytest.raises(StudyError, match=r"file.* cannot be written"):
        open_study(tmp_path / "file", "tried", 2).__enter__()
