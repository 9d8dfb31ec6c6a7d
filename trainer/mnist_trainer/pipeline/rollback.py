"""Chooses the version to which a rollback moves the alias."""

from collections.abc import Sequence

from mnist_trainer.tracking.version import Version, VersionError, list_promoted


def choose_version(current: Version | None, versions: Sequence[Version]) -> Version:
    """Return the one of ``versions`` that was promoted before ``current``.

    That is the one that ``current`` replaced. Where it was deleted or rolled back, it is the last
    one promoted before ``current``. An alias moved by hand sets no tags: where another version was
    promoted since, or ``current`` never was, it is the last one promoted; so it is where no version
    has the alias, because that one was deleted. A version that was never promoted, that was rolled
    back, or that has no tag `sha256`, is never chosen, so that repeated rollbacks go back step by
    step and end. Raises VersionError where no version is left.
    """
    number = current.number if current else None
    others = [
        each
        for each in list_promoted(versions)
        if each.number != number and "sha256" in each.tags  # without it the API refuses a version
    ]
    since = current.promoted_at if current else 0.0
    if current is None or not since or any(each.promoted_at > since for each in others):
        earlier = [each for each in others if each.promoted_at]  # the alias was moved by hand
    else:
        replaced = current.tags.get("promoted_over")
        earlier = [each for each in others if str(each.number) == replaced]
        earlier = earlier or [each for each in others if 0 < each.promoted_at < since]
    if not earlier:
        raise VersionError(
            f"There is no earlier version that version {current.number} could be rolled back to; "
            "`promote VERSION` promotes any version."
            if current
            else "No version is promoted, and none that was is left, so there is nothing to roll "
            "back to; `promote VERSION` promotes any version."
        )
    return max(earlier, key=lambda each: each.promoted_at)
