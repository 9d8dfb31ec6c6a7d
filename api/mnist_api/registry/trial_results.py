"""The results of trials, shared by all workers and kept between starts."""

from dataclasses import dataclass
from pathlib import Path

import msgspec

from mnist_api import __version__
from mnist_api.model.onnx_model import runtime_version
from mnist_api.model.version import Version
from mnist_api.registry.stored_files import load, write

MAX_RESULTS = 100  # the newest are kept


@dataclass(frozen=True)
class TrialResult:
    """The result of one trial; ``refusal`` is None if the model was accepted."""

    version: str
    sha256: str | None
    tried_by: str  # releases of the API and ONNX Runtime; others repeat the trial
    refusal: str | None


class TrialResults:
    """The results in one file, and in this process if the file can't be written."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._own: list[TrialResult] = []

    def find(self, version: Version) -> TrialResult | None:
        """Return the result for ``version``, None if there was no trial."""
        for result in reversed([*self._stored(), *self._own]):
            known = (result.version, result.sha256, result.tried_by)
            if known == (version.id, version.sha256, _tried_by()):
                return result
        return None

    def add(self, version: Version, refusal: str | None) -> None:
        """Store the result for ``version``. Raises OSError if the file can't be written."""
        result = TrialResult(version.id, version.sha256, _tried_by(), refusal)
        self._own = [*self._own, result][-MAX_RESULTS:]
        write(self._path, msgspec.json.encode([*self._stored(), result][-MAX_RESULTS:]))

    def _stored(self) -> list[TrialResult]:
        return load(self._path, list[TrialResult]) or []


def _tried_by() -> str:
    return f"mnist-api {__version__}, ONNX Runtime {runtime_version()}"
