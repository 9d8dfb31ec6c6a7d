"""The active model: the loaded version that answers requests."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from mnist_api.model.digit_score import DigitScore
from mnist_api.model.drift_reference import DriftReference
from mnist_api.model.onnx_model import OnnxModel
from mnist_api.model.version import Version
from mnist_api.problems import no_model

# refused: this version is not fit to be served; failed: it could not be fetched or tried
State = Literal["loading", "active", "refused", "failed"]


class Observer(Protocol):
    """Receives the events that metrics count."""

    def count_predictions(self, probabilities: NDArray[np.float32]) -> None:
        """One call of the model, float32 [n, 10]."""

    def count_swap(self, version_id: str) -> None:
        """Another version is active."""

    def set_created(self, timestamp: float | None) -> None:
        """When the active version was registered, in seconds since 1970; None if not known."""

    def count_failure(self) -> None:
        """A poll of the registry failed."""

    def count_refusal(self) -> None:
        """The desired version was refused."""

    def set_desired(self, version_id: str, state: str) -> None:
        """The registry names another version, or its state has changed; both "" for none."""


class Sampler(Protocol):
    """Takes samples of what the active model is asked."""

    def attach(self, loaded: "LoadedModel") -> None:
        """Take samples of ``loaded`` from now on, which becomes the active model."""


@dataclass(frozen=True)
class LoadedModel:
    """A model in memory, and what is known about it."""

    model: OnnxModel
    version: Version
    source: str  # "registry" or "file"
    since: datetime  # UTC
    score: DigitScore | None = None  # which not every version has
    reference: DriftReference | None = None  # as above


@dataclass(frozen=True)
class Desired:
    """The version that the registry names, and whether it is active here."""

    version: str
    state: State
    reason: str | None = None  # why it is not active


class ActiveModel:
    """Holds the active model; replaced in one assignment, so that a request sees one version."""

    def __init__(self, name: str = "mnist-classifier", sampler: Sampler | None = None) -> None:
        self.name = name  # of the registered model
        self._sampler = sampler
        self._current: LoadedModel | None = None
        self._desired: Desired | None = None
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
            self._observer.set_created(loaded.version.created)
        if self._sampler is not None:
            self._sampler.attach(loaded)
        self._current = loaded

    @property
    def desired(self) -> Desired | None:
        """The desired version, None before the registry has named one, or if it names none."""
        return self._desired

    @desired.setter
    def desired(self, desired: Desired | None) -> None:
        if self._observer is not None and desired != self._desired:
            version, state = (desired.version, desired.state) if desired else ("", "")
            self._observer.set_desired(version, state)
            if state == "refused":
                self._observer.count_refusal()
        self._desired = desired

    def update_created(self, version: Version) -> None:
        """Take over when the active version was registered, from an equal ``version``."""
        if self._current is not None and version.created != self._current.version.created:
            self._current = replace(self._current, version=version)
            if self._observer is not None:
                self._observer.set_created(version.created)

    def attach(self, observer: Observer) -> None:
        """Report to ``observer`` what happens from now on."""
        self._observer = observer

    def count_failure(self) -> None:
        """Report that a poll of the registry failed."""
        if self._observer is not None:
            self._observer.count_failure()

    def require(self) -> LoadedModel:
        """Return the active model. Raises ProblemError (503) while there is none."""
        if self._current is None:
            desired = self._desired
            raise no_model(
                f"Version {desired.version} is {desired.state}: {desired.reason}."
                if desired and desired.reason
                else ""
            )
        return self._current
