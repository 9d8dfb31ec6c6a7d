"""The version that a rollback chooses."""

import pytest

from mnist_trainer.pipeline import rollback
from mnist_trainer.tracking.version import Version, VersionError

SHA256 = {"sha256": "0" * 64}  # a tag that every version of a training has


PROMOTED = {"promoted_at": "1.5"}
AGAIN = {"promoted_at": "2.5", "promoted_over": "1"}
LAST = {"promoted_at": "3.5", "promoted_over": "2"}
OUT = {"rolled_back_at": "9.5"}
INTERRUPTED = {"promoted_at": "4.5", "promoted_over": "2", "promotion": "begun"}


@pytest.mark.parametrize(
    ("current", "tags", "chosen"),
    [
        pytest.param(3, [PROMOTED, AGAIN, LAST], 2, id="what it replaced"),
        pytest.param(4, [PROMOTED, AGAIN, LAST, {}], 3, id="by hand to a version never promoted"),
        pytest.param(4, [PROMOTED, AGAIN, LAST | OUT, {}], 2, id="the same, after a rollback"),
        pytest.param(1, [PROMOTED, AGAIN, LAST], 3, id="by hand back to the first"),
        pytest.param(2, [PROMOTED, AGAIN, LAST], 3, id="by hand back to one promoted long ago"),
        pytest.param(2, [PROMOTED, AGAIN, LAST | OUT], 1, id="back to it by a rollback"),
        pytest.param(3, [PROMOTED, AGAIN | OUT, LAST | OUT], 1, id="by hand to one rolled back"),
        pytest.param(2, [{}, AGAIN], 1, id="what it replaced had come by hand"),
        pytest.param(2, [PROMOTED, {"promoted_at": "2.5"}], 1, id="promoted while no alias stood"),
        pytest.param(2, [PROMOTED, AGAIN, INTERRUPTED], 1, id="one was interrupted meanwhile"),
        pytest.param(4, [PROMOTED, AGAIN, INTERRUPTED, {}], 2, id="the same, and by hand"),
        pytest.param(0, [PROMOTED, LAST, AGAIN, INTERRUPTED], 2, id="none has the alias"),
        pytest.param(0, [PROMOTED, AGAIN | OUT, {}], 1, id="the same, after a rollback"),
        pytest.param(1, [PROMOTED, AGAIN | OUT, {}], None, id="the first of all"),
        pytest.param(1, [PROMOTED | OUT, AGAIN | OUT], None, id="by hand, all rolled back"),
        pytest.param(2, [{}, {}], None, id="by hand, none ever promoted"),
    ],
)
def test_a_rollback_chooses(current: int, tags: list[dict[str, str]], chosen: int | None) -> None:
    """The version 0 is none: the one that had the alias was deleted."""
    versions = [Version(number, SHA256 | each, 0.0) for number, each in enumerate(tags, 1)]
    before = versions[current - 1] if current else None
    if chosen is None:
        with pytest.raises(VersionError, match="no earlier version"):
            rollback.choose_version(before, versions)
    else:
        assert rollback.choose_version(before, versions).number == chosen
