"""Samples what the active model is asked; the features are computed in a thread of each worker."""

import logging
import threading
import time
from random import randrange

import numpy as np
from numpy.typing import NDArray

from mnist_api.drift.features import measure_image
from mnist_api.drift.window import Window
from mnist_api.model.active import LoadedModel

log = logging.getLogger(__name__)

INTERVAL = 0.5  # seconds; at most one image is sampled in each, by each worker

Sample = tuple[LoadedModel, NDArray[np.float32], NDArray[np.float32], bool]


class Sampler:
    """One worker's sampler."""

    def __init__(self, window: Window) -> None:
        self._window = window
        self._taken: Sample | None = None  # until the thread has stored it

    def start(self) -> None:
        """Start the thread, in the process that takes the samples."""
        self._window.acquire()
        threading.Thread(target=self._run, name="drift-sampler", daemon=True).start()

    def attach(self, loaded: LoadedModel) -> None:
        """Sample what ``loaded`` is asked from now on, if it can be compared with anything."""
        if loaded.reference is None or loaded.score is None:
            return

        def sample(
            images: NDArray[np.float32], probabilities: NDArray[np.float32], are_pictures: bool
        ) -> None:
            if self._taken is None:
                index = randrange(len(images))  # noqa: S311 # no secret
                taken = images[index].copy(), probabilities[index].copy()
                self._taken = loaded, *taken, are_pictures

        loaded.model.sample = sample

    def store(self) -> None:
        """Store the sample that was taken, if any, and let the next one be taken."""
        if self._taken is not None:
            loaded, pixels, probabilities, is_picture = self._taken
            try:
                if loaded.score is not None:
                    features = measure_image(pixels, probabilities, loaded.score, is_picture)
                    self._window.append(loaded, features)
            except Exception:
                log.exception("An image is not compared for drift.")
            finally:
                self._taken = None

    def _run(self) -> None:
        while True:
            time.sleep(INTERVAL)
            self.store()
