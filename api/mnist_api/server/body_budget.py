"""A bound on the bytes of bodies that a worker holds, of all of them together."""

from collections.abc import Callable
from time import monotonic

from mnist_api.problems import ProblemError, too_much, too_slow


class Budget:
    """At most ``most`` bytes; bodies that have been coming for ``grace`` seconds give way.

    Without that, slow clients could hold all of it and lock the others out.
    """

    def __init__(self, most: int, grace: float) -> None:
        self.most = most
        self.grace = grace
        self.held = 0
        self.coming: dict[Share, None] = {}  # the oldest first

    def open(self) -> "Share":
        """Return the share of a body that begins to come."""
        return Share(self)


class Share:
    """What one body holds of a budget; ``give_way`` refuses it while it is coming."""

    def __init__(self, budget: Budget) -> None:
        self._budget = budget
        self.give_way: Callable[[ProblemError], None] = _hold_on
        self._held = 0
        self._since = monotonic()
        budget.coming[self] = None

    def hold(self, length: int) -> None:
        """Hold ``length`` bytes in all. Raises ProblemError (503) where there is no room."""
        budget = self._budget
        while budget.held - self._held + length > budget.most:
            oldest = next(iter(budget.coming), self)
            if oldest is self or monotonic() - oldest._since < budget.grace:
                raise too_much()
            oldest.release()
            oldest.give_way(too_slow())
        budget.held += length - self._held
        self._held = length

    def complete(self) -> None:
        """Give way no longer: all of the body is there."""
        self._budget.coming.pop(self, None)

    def release(self) -> None:
        """Hold nothing any more."""
        self._budget.held -= self._held
        self._held = 0
        self.complete()


def _hold_on(_: ProblemError) -> None:
    """Give no way: there is nothing yet."""
