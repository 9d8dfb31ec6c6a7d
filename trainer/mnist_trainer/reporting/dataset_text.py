"""What a run's images are, in words: digits where the data are MNIST, classes where they are not.

The one place that knows the difference; whatever else is said of a run holds for all data.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mnist_trainer.data.dataset import MNIST_SHA256


@dataclass(frozen=True)
class Subject:
    """Markdown: what the network is for, where the data come from, a file to ask the API with.

    A paragraph is one line: MLflow shows the end of a line as one.
    """

    purpose: str
    origin: str
    request: str


DIGITS = Subject(
    purpose=(
        "Reads one handwritten digit from an image of 28 by 28 pixels, white ink on black: a dense "
        "network from 784 pixels to ten probabilities. Made to teach a model's life from training "
        "to service. Not made for letters, several digits at once, photographs as they are, or "
        "decisions that matter to anybody: it always names a digit, whatever it is shown."
    ),
    origin=(
        "MNIST (LeCun, Cortes and Burges), licence "
        "[CC BY-SA 3.0](https://creativecommons.org/licenses/by-sa/3.0/)."
    ),
    request="-d @api/samples/seven.json",
)

OTHERS = Subject(
    purpose=(
        "Tells ten classes of images of the data set `{name}` apart, by the numbers 0 to 9 that "
        "they have there: a dense network from 784 pixels, 28 by 28, to ten probabilities. Not "
        "made for images of any other kind or made in any other way, or decisions that matter to "
        "anybody: it always names a class, whatever it is shown."
    ),
    origin="The data set `{name}`; its licence is its owner's.",
    request="""-d '{{"image": [784 numbers, 0 to 1, as in the data]}}'""",
)


def describe_subject(settings: Mapping[str, Any]) -> Subject:
    """Return what to say of the data that a run's ``settings`` name and give the SHA-256 of."""
    if settings["dataset_sha256"] == MNIST_SHA256:
        return DIGITS
    name = str(settings["dataset"]).replace("`", "'")
    return Subject(
        *(text.format(name=name) for text in (OTHERS.purpose, OTHERS.origin, OTHERS.request))
    )
