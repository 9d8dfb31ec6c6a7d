"""Which network serves now."""

from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime

from mnist_api.model.onnx_model import Network
from mnist_api.model.version import Version
from mnist_api.problems import no_model
from mnist_api.telemetry.metrics import Metrics


@dataclass(frozen=True)
class Served:
    """A network in service, and what is known about it."""

    network: Network
    version: Version
    source: str  # "registry" or "file"
    since: datetime  # UTC


@dataclass(frozen=True)
class Refusal:
    """A version that the registry names and that can't be served, and why."""

    version: str
    reason: str

    def __str__(self) -> str:
        """Say it in a sentence."""
        return f"Version {self.version} is refused: {self.reason}."


class Serving:
    """Holds the network in service; replaced in one assignment, so a request sees one of them."""

    def __init__(
        self,
        name: str = "mnist-classifier",
        most_bytes: int = 16 * 1024**2,
        most_files: int = 64,
        picture_lock: AbstractContextManager[None] | None = None,
    ) -> None:
        self.name = name  # of the model, in addresses that have one
        self.most_bytes = most_bytes  # of a body, once it is unpacked
        self.most_files = most_files  # of a form
        self.picture_lock = picture_lock  # held while a picture is decoded
        self._current: Served | None = None
        self._refused: Refusal | None = None
        self._metrics: Metrics | None = None

    @property
    def current(self) -> Served | None:
        """What serves now, None before there is anything."""
        return self._current

    @current.setter
    def current(self, served: Served) -> None:
        if self._metrics is not None:
            served.network.observe = self._metrics.count_predictions
            self._metrics.count_swap(served.version.version)
        self._current = served

    @property
    def refused(self) -> Refusal | None:
        """What the registry names now and can't be served, None where there is no such thing."""
        return self._refused

    @refused.setter
    def refused(self, refusal: Refusal | None) -> None:
        if self._metrics is not None and refusal not in (None, self._refused):
            self._metrics.count_refusal()
        self._refused = refusal

    def watch(self, metrics: Metrics) -> None:
        """Have what happens from now on counted."""
        self._metrics = metrics

    def count_failure(self) -> None:
        """Count that following the registry failed."""
        if self._metrics is not None:
            self._metrics.count_failure()

    def require(self) -> Served:
        """Return what serves now. Raises ProblemError (503) while nothing does."""
        if self._current is None:
            raise no_model(str(self._refused) if self._refused else "")
        return self._current
