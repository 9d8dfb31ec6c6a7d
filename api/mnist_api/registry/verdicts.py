"""What came of trying networks, for all workers and for those that come after them."""

from dataclasses import dataclass
from pathlib import Path

import msgspec

from mnist_api import __version__
from mnist_api.model.onnx_model import runtime_version
from mnist_api.model.version import Version
from mnist_api.registry.stored_files import load, write

KEPT = 100  # verdicts, the newest


@dataclass(frozen=True)
class Verdict:
    """A version's file was tried; why it is refused, None where it may serve."""

    version: str
    sha256: str | None
    tried_by: str  # another ONNX Runtime, or another API, tries again
    refusal: str | None


class Verdicts:
    """The verdicts in one file, and in this process where the file can't be written."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._own: list[Verdict] = []

    def find(self, version: Version) -> Verdict | None:
        """Return what came of trying ``version``, None where that is still to be done."""
        for verdict in reversed([*self._stored(), *self._own]):
            known = (verdict.version, verdict.sha256, verdict.tried_by)
            if known == (version.version, version.sha256, _tried_by()):
                return verdict
        return None

    def add(self, version: Version, refusal: str | None) -> None:
        """Remember what came of trying ``version``. Raises OSError where it can't be written."""
        verdict = Verdict(version.version, version.sha256, _tried_by(), refusal)
        self._own = [*self._own, verdict][-KEPT:]
        write(self._path, msgspec.json.encode([*self._stored(), verdict][-KEPT:]))

    def _stored(self) -> list[Verdict]:
        return load(self._path, list[Verdict]) or []


def _tried_by() -> str:
    return f"mnist-api {__version__}, ONNX Runtime {runtime_version()}"
