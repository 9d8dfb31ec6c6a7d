"""Samples what the active model is asked; the features are computed in a thread of each worker."""

import logging
import threading
import time
from random import random

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
        self._offered = 0  # images since then

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
            # Each image that is offered has the same chance, as a client may send them in order.
            self._offered += len(images)
            index = int(random() * self._offered)  # noqa: S311 # no secret
            if index < len(images):
                taken = images[index].copy(), probabilities[index].copy()
                self._taken = loaded, *taken, are_pictures

        loaded.model.sample = sample

    def store(self) -> None:
        """Store the sample that was taken, if any, and choose among what is offered from now on."""
        taken, self._taken, self._offered = self._taken, None, 0
        if taken is None:
            return
        loaded, pixels, probabilities, is_picture = taken
        try:
            if loaded.score is not None:
                features = measure_image(pixels, probabilities, loaded.score, is_picture)
                self._window.append(loaded, features)
        except Exception:
            log.exception("An image is not compared for drift.")

    def _run(self) -> None:
        while True:
            time.sleep(INTERVAL)
            self.store()
