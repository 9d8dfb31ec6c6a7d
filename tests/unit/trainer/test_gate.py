"""The gate: a pure decision on each model's correct predictions."""

import numpy as np
import pytest

from mnist_trainer.evaluation.comparison import one_sided_p_value
from mnist_trainer.evaluation.gate import decide

ALL = 1000


def correct(*wrong: range) -> np.ndarray:
    """Return predictions that are correct except for some images."""
    found = np.ones(ALL, bool)
    for each in wrong:
        found[each.start : each.stop] = False
    return found


def test_without_a_champion_the_floor_decides_alone() -> None:
    candidate = correct(range(30))
    assert decide(candidate, None, floor=0.97).promoted
    assert decide(candidate, None, floor=0.97).reason == "passed"
    rejected = decide(candidate, None, floor=0.971)
    assert not rejected.promoted
    assert rejected.reason == (
        "below the floor: 0.9700 of the test images, not 0.971; the option --floor of `train` "
        "sets another one"
    )


def test_a_better_candidate_below_the_floor_is_rejected() -> None:
    assert not decide(correct(range(50)), correct(range(90)), floor=0.97).promoted


def test_the_same_predictions_pass() -> None:
    assert decide(correct(range(10)), correct(range(10)), floor=0.97).promoted


def test_a_candidate_that_is_worse_by_chance_passes() -> None:
    """Ten digits lost and six won: two equal models do that in 23 of 100 cases."""
    candidate, champion = correct(range(10)), correct(range(10, 16))
    assert decide(candidate, champion, floor=0.97).promoted


def test_a_candidate_that_is_worse_beyond_chance_is_rejected_with_a_reason() -> None:
    verdict = decide(correct(range(15)), correct(range(15, 20)), floor=0.97)
    assert not verdict.promoted
    assert "15 images lost and 5 won" in verdict.reason


def test_being_much_better_is_no_reason_to_reject() -> None:
    assert decide(correct(), correct(range(300)), floor=0.97).promoted


@pytest.mark.parametrize(
    ("lost", "differing", "chance"),
    [(0, 0, 1), (1, 1, 1 / 2), (5, 5, 1 / 32), (4, 5, 6 / 32), (0, 9, 1)],
)
def test_the_chance_is_exact(lost: int, differing: int, chance: float) -> None:
    """Counted by hand: of the 2**n ways in which n coins fall."""
    assert one_sided_p_value(lost, differing) == pytest.approx(chance, rel=1e-12)
