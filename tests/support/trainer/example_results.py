"""Example results whose metrics can be counted by hand."""

from collections.abc import Sequence

import numpy as np

from mnist_trainer.data.dataset import MNIST_SHA256
from mnist_trainer.data.images import LabelledImages
from mnist_trainer.evaluation.comparison import compare
from mnist_trainer.evaluation.metrics import compute_metrics
from mnist_trainer.reporting.results import ChampionResults, Results
from mnist_trainer.training.history import EpochMetrics

PARAMS = {
    "recipe": "quick",
    "hidden": "(4, <b>3</b>)",
    "learning_rate": 0.002,
    "seed": 7,
    "training_images": 550,
    "dataset": "mnist",
    "dataset_sha256": MNIST_SHA256,
    "version_keras": "3.15.1",
}


def probabilities_for(guesses: Sequence[int], confidence: float = 0.8) -> np.ndarray:
    """Probabilities [n, 10] that predict ``guesses``, each with this confidence."""
    probabilities = np.full((len(guesses), 10), (1 - confidence) / 9, np.float32)
    probabilities[np.arange(len(guesses)), guesses] = confidence
    return probabilities


def make_results(
    truth: Sequence[int], guesses: Sequence[int], before: Sequence[int] | None = None
) -> Results:
    """Results of a model that predicts ``guesses``, a champion (version 3) ``before``."""
    random = np.random.default_rng(0)
    images = random.integers(0, 256, (len(truth), 784), np.uint8)
    history = [
        EpochMetrics(
            i,
            loss=2 / i,
            accuracy=1 - 0.3 / i,
            val_loss=1 / i,
            val_accuracy=1 - 0.2 / i,
            seconds=1.5,
        )
        for i in (1, 2, 3, 4)
    ]
    test = LabelledImages(images, np.array(truth, np.uint8))
    champion = None
    if before is not None:
        correct = compute_metrics(probabilities_for(guesses), test).correct
        theirs = compute_metrics(probabilities_for(before), test)
        champion = ChampionResults(3, theirs, compare(correct, theirs.correct))
    return Results(
        history=history,
        test=test,
        probabilities=probabilities_for(guesses),
        kernel=random.normal(size=(784, 4)).astype(np.float32),
        params=PARAMS,
        champion=champion,
    )
