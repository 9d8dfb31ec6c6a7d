"""The model card: what somebody must know who finds the model in the registry."""

from dataclasses import replace

import pytest

from mnist_trainer.data.dataset import MNIST_SHA256
from mnist_trainer.evaluation.corruptions import CORRUPTIONS
from mnist_trainer.evaluation.robustness import PerturbedAccuracy
from mnist_trainer.reporting.model_card import MAX_LENGTH, describe_model, describe_version
from support.trainer.example_results import PARAMS, make_results

TRUTH = list(range(10)) * 3
GUESSES = [1, *TRUTH[1:]]
ROBUSTNESS = [
    PerturbedAccuracy("turned_left", "rotated 30° to the left", 0.8123),
    PerturbedAccuracy("turned_right", "rotated 30° to the right", 0.7234),
    PerturbedAccuracy("thin", "thin", 0.6345),
    PerturbedAccuracy("off_centre", "off centre by 4 pixels", 0.5456),
    *(PerturbedAccuracy(name, name.replace("_", " "), 0.4567) for name in CORRUPTIONS),
    PerturbedAccuracy("corrupted", "mean of the 15 corruptions", 0.4568),
]


def test_it_holds_what_was_measured() -> None:
    card = describe_version("digits", 5, make_results(TRUTH, GUESSES, TRUTH), ROBUSTNESS)
    assert "# digits, version 5" in card
    assert "| Accuracy on the test images | 96.67% |" in card
    assert "| Mistakes | 1 of 30 |" in card
    assert "| Class with the least recall | 0, 66.67% |" in card
    assert "| Against the champion, version 3 | images lost: 1, won: 0, exact McNemar p = 1 |" in (
        card
    )
    assert "| shot noise | 45.67% |" in card
    assert "Mu and Gilmer, [2019](https://arxiv.org/abs/1906.02337)" in card
    for each in ROBUSTNESS:
        assert f"| {each.change} | {each.accuracy:.2%} |" in card


def test_it_states_purpose_data_licence_robustness_and_usage() -> None:
    results = make_results(TRUTH, GUESSES)
    version = describe_version("digits", 5, results, ROBUSTNESS)
    model = describe_model("digits", "Production", 5, results, ROBUSTNESS)
    for card in (version, model):
        titles = [line[3:] for line in card.splitlines() if line.startswith("## ")]
        assert titles == [
            "Purpose",
            "Data",
            "Metrics",
            "Robustness",
            "Usage",
        ]
        assert "CC BY-SA 3.0" in card
        assert MNIST_SHA256 in card
        assert "/predict" in card
        assert "Against the champion" not in card
    assert 'load_model("models:/digits/5")' in version
    assert 'load_model("models:/digits@Production")' in model
    assert "alias `Production`" in model


def test_of_other_data_it_states_nothing_that_is_true_of_digits_alone() -> None:
    """Known by their SHA-256: a folder may have any name, MNIST's too."""
    for name in ("fashion", "mnist"):
        changed = {"dataset": name, "dataset_sha256": "cd" * 32}
        results = replace(make_results(TRUTH, GUESSES), params=PARAMS | changed)
        card = describe_version("clothes", 5, results, ROBUSTNESS)
        assert f"ten classes of images of the data set `{name}`" in card
        assert f"The data set `{name}`; its licence is its owner's" in card
        assert '{"image": [784 numbers' in card
        for word in ("digit", "MNIST", "CC BY-SA", "seven.json"):
            assert word not in card


def test_a_class_that_the_test_images_lack_is_not_the_one_with_the_least_recall() -> None:
    truth = [label for label in TRUTH if label != 5]
    card = describe_version("digits", 5, make_results(truth, [1, *truth[1:]]), ROBUSTNESS)
    assert "| Class with the least recall | 0, 66.67% |" in card


def test_it_fits_into_what_the_registry_keeps_of_a_description() -> None:
    results = make_results(TRUTH, GUESSES)
    assert len(describe_version("digits", 5, results, ROBUSTNESS)) < MAX_LENGTH
    with pytest.raises(ValueError, match="MLflow keeps 5000"):
        describe_version("digits", 5, results, ROBUSTNESS * 100)
