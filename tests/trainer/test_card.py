"""The model card: what somebody must know who finds the model in the registry."""

from dataclasses import replace

import pytest
from made_up import SETTINGS, make_results

from mnist_trainer.card import LONGEST, describe_model, describe_version
from mnist_trainer.limits import Limit

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
    assert "| Digit recognised least | 0, 66.67% of them |" in card
    assert (
        "| Against version 3, in service then | digits lost: 1, won: 0, exact McNemar p = 1 |"
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
        assert "ab" * 32 in card
        assert "/predict" in card
        assert "Against version" not in card
    assert 'load_model("models:/digits/5")' in version
    assert 'load_model("models:/digits@Production")' in model
    assert "alias `Production`" in model


def test_other_data_are_not_called_mnist() -> None:
    results = replace(make_results(TRUTH, GUESSES), settings=SETTINGS | {"dataset": "fashion"})
    card = describe_version("digits", 5, results, LIMITS)
    assert "The folder `fashion`" in card
    assert "CC BY-SA" not in card


def test_it_fits_into_what_the_registry_keeps_of_a_description() -> None:
    results = make_results(TRUTH, GUESSES)
    assert len(describe_version("digits", 5, results, LIMITS)) < LONGEST
    with pytest.raises(ValueError, match="MLflow keeps 5000"):
        describe_version("digits", 5, results, LIMITS * 100)
