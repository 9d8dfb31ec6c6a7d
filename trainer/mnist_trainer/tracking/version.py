"""A version of the registered model, and what its tags tell of its promotion."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from mnist_trainer.errors import TrainerError


class VersionError(TrainerError):
    """A version does not exist, cannot be chosen, or its file is not what was registered."""


@dataclass(frozen=True)
class Version:
    """One version of the model; ``created_at`` is in seconds since 1970.

    ``stage`` is MLflow's former way to say what an alias says, "None" where the version has none.
    """

    number: int
    tags: dict[str, str]
    created_at: float
    stage: str = "None"

    @property
    def test_accuracy(self) -> str:
        """Its accuracy on the test images, to be printed; "-" where its tag has no number."""
        try:
            return f"{float(self.tags['test_accuracy']):.4f}"
        except (KeyError, ValueError):
            return "-"

    @property
    def promoted_at(self) -> float:
        """When it was promoted, in seconds since 1970; 0 where it never was."""
        return float(self.tags.get("promoted_at", 0))

    @property
    def is_promotion_begun(self) -> bool:
        """Whether its promotion has begun and not ended: it runs, or it was interrupted."""
        return self.tags.get("promotion", "").startswith("begun")

    @property
    def is_promoted_by_hand(self) -> bool:
        """Whether a person promoted it."""
        return self.tags.get("promotion", "").endswith("by hand")


def compute_digest(file: Path) -> str:
    """Return the SHA-256 of a file, 64 hex digits, as the tags of its version have it."""
    return hashlib.sha256(file.read_bytes()).hexdigest()


def list_promoted(versions: Iterable[Version]) -> list[Version]:
    """Return those that had the alias and were not rolled back, as far as tags tell.

    An interrupted promotion counts where a later one replaced it.
    """
    versions = list(versions)
    replaced = {each.tags.get("promoted_over") for each in versions}
    return [
        each
        for each in versions
        if "rolled_back_at" not in each.tags
        and (str(each.number) in replaced or (each.promoted_at and not each.is_promotion_begun))
    ]
