"""A bound on the bytes of all request bodies that a worker holds in memory."""

from collections.abc import Callable
from time import monotonic

from mnist_api.problems import ProblemError, overloaded, too_slow


class BodyBudget:
    """At most ``max_bytes``; bodies that have been arriving for ``grace`` seconds are evicted.

    Without eviction, slow clients could hold the whole budget and lock the others out.
    """

    def __init__(self, max_bytes: int, grace: float) -> None:
        self.max_bytes = max_bytes
        self.grace = grace
        self.reserved = 0
        self.arriving: dict[Reservation, None] = {}  # the oldest first

    def open(self) -> "Reservation":
        """Return an empty reservation for a body that begins to arrive."""
        return Reservation(self)


class Reservation:
    """The bytes of one body; ``on_evict`` is called if it is evicted while it arrives."""

    def __init__(self, budget: BodyBudget) -> None:
        self._budget = budget
        self.on_evict: Callable[[ProblemError], None] = _ignore
        self._bytes = 0
        self._since = 0.0

    def resize(self, length: int) -> None:
        """Reserve ``length`` bytes in all. Raises ProblemError (503) if the budget is spent."""
        if length == 0:
            self.release()
            return
        budget = self._budget
        if self._bytes == 0:  # it begins to arrive
            self._since = monotonic()
            budget.arriving[self] = None
        while budget.reserved - self._bytes + length > budget.max_bytes:
            oldest = next(iter(budget.arriving), self)
            if oldest is self or monotonic() - oldest._since < budget.grace:
                raise overloaded()
            oldest.release()
            oldest.on_evict(too_slow())
        budget.reserved += length - self._bytes
        self._bytes = length

    def complete(self) -> None:
        """Rule out eviction: the whole body has arrived."""
        self._budget.arriving.pop(self, None)

    def release(self) -> None:
        """Reserve nothing any more."""
        self._budget.reserved -= self._bytes
        self._bytes = 0
        self.complete()


def _ignore(_: ProblemError) -> None:
    """Do nothing: there is nothing to end yet."""
