"""The history of a training: the metrics of each epoch."""

from dataclasses import dataclass


@dataclass(frozen=True)
class EpochMetrics:
    """The metrics of one epoch; ``number`` counts from 1.

    ``loss`` and ``accuracy`` are means over the epoch's steps on augmented training images, the
    loss with smoothed labels; the validation metrics are of unchanged images after the last step.
    """

    number: int
    loss: float
    accuracy: float
    val_loss: float
    val_accuracy: float
    seconds: float
