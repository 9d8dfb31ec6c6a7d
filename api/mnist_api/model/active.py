"""The active model: the loaded version that answers requests."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from mnist_api.model.onnx_model import OnnxModel
from mnist_api.model.version import Version
from mnist_api.problems import no_model


class Observer(Protocol):
    """Receives the events that metrics count."""

    def count_predictions(self, probabilities: NDArray[np.float32]) -> None:
        """One call of the model, float32 [n, 10]."""

    def count_swap(self, version_id: str) -> None:
        """Another version is active."""

    def count_failure(self) -> None:
        """A poll of the registry failed, or the desired version could not be activated."""

    def count_refusal(self) -> None:
        """The desired version was refused."""


@dataclass(frozen=True)
class LoadedModel:
    """A model in memory, and what is known about it."""

    model: OnnxModel
    version: Version
    source: str  # "registry" or "file"
    since: datetime  # UTC


@dataclass(frozen=True)
class Refusal:
    """A desired version that cannot be activated, and why."""

    version: str
    reason: str

    def __str__(self) -> str:
        """Return a sentence."""
        return f"Version {self.version} is refused: {self.reason}."


class ActiveModel:
    """Holds the active model; replaced in one assignment, so that a request sees one version."""

    def __init__(self, name: str = "mnist-classifier") -> None:
        self.name = name  # of the registered model
        self._current: LoadedModel | None = None
        self._refused: Refusal | None = None
        self._observer: Observer | None = None

    @property
    def current(self) -> LoadedModel | None:
        """The active model, None before there is one."""
        return self._current

    @current.setter
    def current(self, loaded: LoadedModel) -> None:
        if self._observer is not None:
            loaded.model.observe = self._observer.count_predictions
            self._observer.count_swap(loaded.version.id)
        self._current = loaded

    @property
    def refused(self) -> Refusal | None:
        """The refusal of the version that is desired now, None if it is not refused."""
        return self._refused

    @refused.setter
    def refused(self, refusal: Refusal | None) -> None:
        if self._observer is not None and refusal not in (None, self._refused):
            self._observer.count_refusal()
        self._refused = refusal

    def attach(self, observer: Observer) -> None:
        """Report to ``observer`` what happens from now on."""
        self._observer = observer

    def count_failure(self) -> None:
        """Report that following the registry failed."""
        if self._observer is not None:
            self._observer.count_failure()

    def require(self) -> LoadedModel:
        """Return the active model. Raises ProblemError (503) while there is none."""
        if self._current is None:
            raise no_model(str(self._refused) if self._refused else "")
        return self._current
