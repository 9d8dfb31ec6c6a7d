"""The gate at its bounds, and each reason as a person reads it."""

import numpy as np
import pytest

from mnist_trainer.evaluation.comparison import compare, one_sided_p_value
from mnist_trainer.evaluation.gate import Decision, decide, decide_against_best

ALL = 1000
PASSED = Decision(True, "passed", None)


def models(lost: int, won: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the correct predictions of a candidate and of a champion that differ so."""
    candidate, champion = np.ones(ALL, bool), np.ones(ALL, bool)
    candidate[:lost] = False
    champion[lost : lost + won] = False
    return candidate, champion


def test_the_images_on_which_two_models_differ_are_listed() -> None:
    candidate = np.array([True, False, True, False, True])
    champion = np.array([True, True, False, False, True])
    found = compare(candidate, champion)
    assert (found.lost.tolist(), found.won.tolist()) == ([1], [2])


@pytest.mark.parametrize(
    ("lost", "won", "one_sided", "two_sided"),
    [(5, 0, 1 / 32, 2 / 32), (0, 5, 1, 2 / 32), (3, 1, 5 / 16, 10 / 16), (2, 2, 11 / 16, 1)],
)
def test_the_p_values_are_those_of_coins(
    lost: int, won: int, one_sided: float, two_sided: float
) -> None:
    found = compare(*models(lost, won))
    assert found.one_sided_p_value == pytest.approx(one_sided, rel=1e-12)
    assert found.p_value == pytest.approx(two_sided, rel=1e-12)
    assert type(found.one_sided_p_value) is float
    assert one_sided_p_value(0, 0) == 1.0


def test_the_floor_itself_passes() -> None:
    candidate, _ = models(20, 0)
    assert decide(candidate, None, 0.98) == PASSED
    assert decide(candidate, None, 0.9801) == Decision(
        False,
        "below the floor: 0.9800 of the test images, not 0.9801; the option --floor of `train` "
        "sets another one",
    )


def worse(lost: int, won: int, p: str) -> Decision:
    return Decision(
        False,
        f"worse beyond chance: {lost} images lost and {won} won against the champion, p = {p}",
    )


CHAMPIONS = [
    (4, 0, PASSED),  # p = 1/16
    (5, 0, worse(5, 0, "0.031")),
    (15, 5, worse(15, 5, "0.021")),
    (182, 151, PASSED),  # p = 0.05002
    (119, 94, worse(119, 94, "0.05")),  # p = 0.04993
]


@pytest.mark.parametrize(("lost", "won", "decision"), CHAMPIONS)
def test_a_candidate_is_worse_than_the_champion_below_5_percent(
    lost: int, won: int, decision: Decision
) -> None:
    assert decide(*models(lost, won), 0.5) == decision


def worse_than_best(lost: int, won: int, p: str) -> Decision:
    return Decision(
        False,
        f"worse than the best promoted version beyond chance: {lost} images lost and {won} won "
        f"against version 3, p = {p}; the command `promote` promotes it anyway",
    )


BEST = [
    (6, 0, PASSED),  # p = 1/64
    (7, 0, worse_than_best(7, 0, "0.0078")),
    (118, 84, PASSED),  # p = 0.010006
    (99, 68, worse_than_best(99, 68, "0.01")),  # p = 0.009993
]


@pytest.mark.parametrize(("lost", "won", "decision"), BEST)
def test_a_candidate_is_worse_than_the_best_version_below_1_percent(
    lost: int, won: int, decision: Decision
) -> None:
    assert decide_against_best(*models(lost, won), 3) == decision


def test_a_p_value_at_the_bound_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    from mnist_trainer.evaluation import gate

    monkeypatch.setattr(gate, "SIGNIFICANCE", 1 / 32)
    monkeypatch.setattr(gate, "BEST_SIGNIFICANCE", 1 / 32)
    assert decide(*models(5, 0), 0.9) == PASSED
    assert decide_against_best(*models(5, 0), 3) == PASSED
