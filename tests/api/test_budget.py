"""The bytes of bodies are bound together, and slow bodies don't hold them for ever."""

import pytest

from mnist_api.budget import Budget, Share
from mnist_api.problems import ProblemError


def opened(budget: Budget, refused: list[ProblemError]) -> Share:
    share = budget.open()
    share.give_way = refused.append
    return share


def test_a_body_for_which_there_is_no_room_is_refused_until_there_is() -> None:
    budget = Budget(100, grace=60)
    first, second = budget.open(), budget.open()
    first.hold(60)
    with pytest.raises(ProblemError) as refused:
        second.hold(50)
    assert (refused.value.status, refused.value.headers["Retry-After"]) == (503, "2")
    second.hold(40)
    first.hold(50)  # it holds less
    second.hold(50)
    first.release()
    second.hold(100)
    second.release()
    assert budget.held == 0
    assert not budget.coming


def test_the_one_that_has_been_coming_longest_gives_way() -> None:
    budget, refused = Budget(100, grace=0), [[], [], []]
    shares = [opened(budget, list_) for list_ in refused]
    shares[0].hold(40)
    shares[1].hold(40)
    shares[2].hold(50)
    assert [len(list_) for list_ in refused] == [1, 0, 0]
    assert refused[0][0].status == 408
    shares[0].release()  # as its reader does when it learns of it
    assert budget.held == 90


def test_what_is_complete_or_asks_itself_does_not_give_way() -> None:
    budget, refused = Budget(100, grace=0), []
    complete, asking = opened(budget, refused), opened(budget, refused)
    complete.hold(60)
    complete.complete()
    with pytest.raises(ProblemError):
        asking.hold(50)
    assert not refused
