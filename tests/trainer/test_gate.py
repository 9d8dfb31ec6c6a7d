"""The gate: a pure decision on which test images each network recognises."""

import numpy as np
import pytest

from mnist_trainer.evaluation.gate import chance_of_losing, decide

ALL = 1000


def answers(*wrong: range) -> np.ndarray:
    """Return answers that are right but for some images."""
    right = np.ones(ALL, bool)
    for each in wrong:
        right[each.start : each.stop] = False
    return right


def test_without_a_version_in_service_the_floor_decides_alone() -> None:
    candidate = answers(range(30))
    assert decide(candidate, None, floor=0.97).promoted
    assert decide(candidate, None, floor=0.97).reason == "passed"
    rejected = decide(candidate, None, floor=0.971)
    assert not rejected.promoted
    assert rejected.reason == (
        "below the floor: 0.9700 of the test images, not 0.971; the option --floor of `train` "
        "sets another one"
    )


def test_a_better_candidate_below_the_floor_is_rejected() -> None:
    assert not decide(answers(range(50)), answers(range(90)), floor=0.97).promoted


def test_the_same_answers_pass() -> None:
    assert decide(answers(range(10)), answers(range(10)), floor=0.97).promoted


def test_a_candidate_that_is_worse_by_chance_passes() -> None:
    """Ten digits lost and six won: two equal networks do that in 23 of 100 cases."""
    candidate, in_service = answers(range(10)), answers(range(10, 16))
    assert decide(candidate, in_service, floor=0.97).promoted


def test_a_candidate_that_is_worse_beyond_chance_is_rejected_and_told_why() -> None:
    verdict = decide(answers(range(15)), answers(range(15, 20)), floor=0.97)
    assert not verdict.promoted
    assert "15 images lost and 5 won" in verdict.reason


def test_being_much_better_is_no_reason_to_reject() -> None:
    assert decide(answers(), answers(range(300)), floor=0.97).promoted


@pytest.mark.parametrize(
    ("lost", "differing", "chance"),
    [(0, 0, 1), (1, 1, 1 / 2), (5, 5, 1 / 32), (4, 5, 6 / 32), (0, 9, 1)],
)
def test_the_chance_is_exact(lost: int, differing: int, chance: float) -> None:
    """Counted by hand: of the 2**n ways in which n coins fall."""
    assert chance_of_losing(lost, differing) == pytest.approx(chance, rel=1e-12)
