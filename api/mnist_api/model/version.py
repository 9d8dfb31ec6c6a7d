"""A version of the registered model, as far as serving it needs to know."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Version:
    """Which network this is: the registry's words about it, and the checksum of its file."""

    name: str
    version: str
    run_id: str | None
    test_accuracy: float | None  # 0 to 1, on the test images; None where nobody noted it
    sha256: str | None  # of model.onnx, 64 lower-case hex digits; None where the tag is missing
