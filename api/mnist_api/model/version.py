"""A version of the registered model, as far as the API needs it."""

from msgspec import Struct
from msgspec.structs import astuple

SCORE, REFERENCE = "digit_score.npz", "drift_reference.json"  # files that not every version has


class Version(Struct, frozen=True, eq=False, rename={"id": "version"}):
    """One version as the registry describes it; as JSON, in the cache, its id is "version".

    Two are equal whatever their ``created`` is: files of former versions have none.
    """

    name: str  # of the registered model
    id: str
    run_id: str | None
    test_accuracy: float | None  # 0 to 1, on the test images; None without that tag
    sha256: str | None  # of model.onnx, 64 lower-case hex digits; None without that tag
    score_sha256: str | None = None  # of digit_score.npz, as above
    reference_sha256: str | None = None  # of drift_reference.json, as above
    created: float | None = None  # when it was registered, in seconds since 1970

    def find_sha256(self, extra: str) -> str | None:
        """Return the digest of the file ``extra``, None if the version has none."""
        return {SCORE: self.score_sha256, REFERENCE: self.reference_sha256}[extra]

    def __eq__(self, other: object) -> bool:
        """Compare all but ``created``."""
        return isinstance(other, Version) and self._compared() == other._compared()

    def __ne__(self, other: object) -> bool:
        """Negate the comparison, which msgspec's own method does not."""
        return not self == other

    def __hash__(self) -> int:
        """Agree with the comparison."""
        return hash(self._compared())

    def _compared(self) -> tuple[object, ...]:
        return astuple(self)[:-1]
