"""A version of the registered model, as far as the API needs it."""

from msgspec import Struct

SCORE, REFERENCE = "digit_score.npz", "drift_reference.json"  # files that not every version has


class Version(Struct, frozen=True, rename={"id": "version"}):
    """One version as the registry describes it; as JSON, in the cache, its id is "version"."""

    name: str  # of the registered model
    id: str
    run_id: str | None
    test_accuracy: float | None  # 0 to 1, on the test images; None without that tag
    sha256: str | None  # of model.onnx, 64 lower-case hex digits; None without that tag
    score_sha256: str | None = None  # of digit_score.npz, as above
    reference_sha256: str | None = None  # of drift_reference.json, as above

    def find_sha256(self, extra: str) -> str | None:
        """Return the digest of the file ``extra``, None if the version has none."""
        return {SCORE: self.score_sha256, REFERENCE: self.reference_sha256}[extra]
