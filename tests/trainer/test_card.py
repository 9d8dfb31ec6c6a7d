"""The model card: what somebody must know who finds the model in the registry."""

from dataclasses import replace

import pytest
from made_up import SETTINGS, make_results

from mnist_trainer.data.dataset import MNIST_SHA256
from mnist_trainer.evaluation.robustness import Limit
from mnist_trainer.reporting.model_card import LONGEST, describe_model, describe_version

TRUTH = list(range(10)) * 3
GUESSES = [1, *TRUTH[1:]]
LIMITS = [
    Limit("turned_left", "rotated 30° to the left", 0.8123),
    Limit("turned_right", "rotated 30° to the right", 0.7234),
    Limit("thin", "thin", 0.6345),
    Limit("off_centre", "off centre by 4 pixels", 0.5456),
]


def test_it_holds_what_was_measured() -> None:
    card = describe_version("digits", 5, make_results(TRUTH, GUESSES, TRUTH), LIMITS)
    assert "# digits, version 5" in card
    assert "| Accuracy on the test images | 96.67% |" in card
    assert "| Mistakes | 1 of 30 |" in card
    assert "| Class recognised least | 0, 66.67% of them |" in card
    assert (
        "| Against version 3, in service then | images lost: 1, won: 0, exact McNemar p = 1 |"
        in (card)
    )
    for limit in LIMITS:
        assert f"| {limit.change} | {limit.accuracy:.2%} |" in card


def test_it_says_purpose_data_licence_limits_and_call() -> None:
    results = make_results(TRUTH, GUESSES)
    version = describe_version("digits", 5, results, LIMITS)
    model = describe_model("digits", "Production", 5, results, LIMITS)
    for card in (version, model):
        titles = [line[3:] for line in card.splitlines() if line.startswith("## ")]
        assert titles == [
            "What it is for",
            "Data",
            "Figures",
            "Limits seen",
            "How to call it",
        ]
        assert "CC BY-SA 3.0" in card
        assert MNIST_SHA256 in card
        assert "/predict" in card
        assert "Against version" not in card
    assert 'load_model("models:/digits/5")' in version
    assert 'load_model("models:/digits@Production")' in model
    assert "alias `Production`" in model


def test_of_other_data_it_says_nothing_that_holds_for_digits_alone() -> None:
    """Known by their SHA-256: a folder may have any name, MNIST's too."""
    for name in ("fashion", "mnist"):
        changed = {"dataset": name, "dataset_sha256": "cd" * 32}
        results = replace(make_results(TRUTH, GUESSES), settings=SETTINGS | changed)
        card = describe_version("clothes", 5, results, LIMITS)
        assert f"ten classes of images of the data set `{name}`" in card
        assert f"The data set `{name}`; its licence is its owner's" in card
        assert '{"image": [784 numbers' in card
        for word in ("digit", "MNIST", "CC BY-SA", "seven.json"):
            assert word not in card


def test_a_class_that_the_test_images_lack_is_not_the_one_recognised_least() -> None:
    truth = [label for label in TRUTH if label != 5]
    card = describe_version("digits", 5, make_results(truth, [1, *truth[1:]]), LIMITS)
    assert "| Class recognised least | 0, 66.67% of them |" in card


def test_it_fits_into_what_the_registry_keeps_of_a_description() -> None:
    results = make_results(TRUTH, GUESSES)
    assert len(describe_version("digits", 5, results, LIMITS)) < LONGEST
    with pytest.raises(ValueError, match="MLflow keeps 5000"):
        describe_version("digits", 5, results, LIMITS * 100)
