"""Which version a rollback puts into service again."""

from collections.abc import Sequence

from mnist_trainer.registry import Version, VersionError


def choose(current: Version, versions: Sequence[Version]) -> Version:
    """Return the one of ``versions`` that ``current`` replaced.

    Where that one has been deleted, or was itself rolled back from, it is the one promoted last
    before ``current``. A version that was never in service, or that a rollback took out of it,
    is never chosen, so rollbacks in a row go back step by step and come to an end.
    Raises VersionError where no version is left.
    """
    replaced = current.tags.get("promoted_over")
    if replaced is None:
        raise VersionError(
            f"Version {current.number} replaced no earlier version, so there is none to roll back "
            "to; `promote VERSION` puts any version into service."
        )
    fit = [each for each in versions if "rolled_back_at" not in each.tags]
    for each in fit:
        if str(each.number) == replaced:
            return each
    until = _promoted_at(current)
    earlier = [each for each in fit if 0 < _promoted_at(each) < until]
    if not earlier:
        raise VersionError(
            f"Version {replaced}, which version {current.number} replaced, cannot be rolled back "
            "to, and there is no earlier one; `promote VERSION` puts any version into service."
        )
    return max(earlier, key=_promoted_at)


def _promoted_at(version: Version) -> float:
    return float(version.tags.get("promoted_at", 0))
