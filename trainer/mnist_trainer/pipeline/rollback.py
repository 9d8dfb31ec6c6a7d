"""Chooses the version to which a rollback moves the alias."""

from collections.abc import Sequence

from mnist_trainer.tracking.registry import Version, VersionError


def choose_version(current: Version, versions: Sequence[Version]) -> Version:
    """Return the one of ``versions`` that was promoted before ``current``.

    That is the one that ``current`` replaced. Where it was deleted or rolled back, it is the last
    one promoted before ``current``. An alias moved by hand sets no tags: where another version was
    promoted since, or ``current`` never was, it is the last one promoted. A version that was never
    promoted, or that was rolled back, is never chosen, so that repeated rollbacks go back step by
    step and end. Raises VersionError where no version is left.
    """
    others = [
        each
        for each in versions
        if each.number != current.number and "rolled_back_at" not in each.tags
    ]
    since = _promoted_at(current)
    if not since or any(_promoted_at(each) > since for each in others):
        earlier = [each for each in others if _promoted_at(each)]  # the alias was moved by hand
    else:
        replaced = current.tags.get("promoted_over")
        earlier = [each for each in others if str(each.number) == replaced]
        earlier = earlier or [each for each in others if 0 < _promoted_at(each) < since]
    if not earlier:
        raise VersionError(
            f"There is no earlier version that version {current.number} could be rolled back to; "
            "`promote VERSION` promotes any version."
        )
    return max(earlier, key=_promoted_at)


def _promoted_at(version: Version) -> float:
    """Return when the version was promoted, in seconds since 1970; 0 where it never was."""
    return float(version.tags.get("promoted_at", 0))
