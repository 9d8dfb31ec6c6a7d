"""All bodies share one budget, from which slow bodies are evicted."""

import pytest

from mnist_api.problems import ProblemError
from mnist_api.server.body_budget import BodyBudget, Reservation


def opened(budget: BodyBudget, refused: list[ProblemError]) -> Reservation:
    reservation = budget.open()
    reservation.on_evict = refused.append
    return reservation


def test_a_body_beyond_the_budget_is_refused_until_memory_is_released() -> None:
    budget = BodyBudget(100, grace=60)
    first, second = budget.open(), budget.open()
    first.resize(60)
    with pytest.raises(ProblemError) as refused:
        second.resize(50)
    assert (refused.value.status, refused.value.headers["Retry-After"]) == (503, "2")
    second.resize(40)
    first.resize(50)  # smaller than before
    second.resize(50)
    first.release()
    second.resize(100)
    second.release()
    assert budget.reserved == 0
    assert not budget.arriving


def test_the_body_that_has_been_arriving_longest_is_evicted() -> None:
    budget, refused = BodyBudget(100, grace=0), [[], [], []]
    reservations = [opened(budget, list_) for list_ in refused]
    reservations[0].resize(40)
    reservations[1].resize(40)
    reservations[2].resize(50)
    assert [len(list_) for list_ in refused] == [1, 0, 0]
    assert refused[0][0].status == 408
    reservations[0].release()  # as its reader does after the eviction
    assert budget.reserved == 90


def test_a_complete_body_and_the_one_that_grows_are_not_evicted() -> None:
    budget, refused = BodyBudget(100, grace=0), []
    complete, asking = opened(budget, refused), opened(budget, refused)
    complete.resize(60)
    complete.complete()
    with pytest.raises(ProblemError):
        asking.resize(50)
    assert not refused
