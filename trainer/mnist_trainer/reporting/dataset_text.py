"""Text of a model card that depends on the data set: MNIST's digits, or classes of other images.

All other text of the card and of the reports holds for every data set.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mnist_trainer.data.dataset import MNIST_SHA256


@dataclass(frozen=True)
class DatasetText:
    """Markdown: the model's purpose, the data's origin, curl's option with a request.

    A paragraph is one line, because MLflow shows each line break.
    """

    purpose: str
    origin: str
    request: str


MNIST = DatasetText(
    purpose=(
        "Classifies an image of one handwritten digit, 28 by 28 pixels, white on black: from 784 "
        "pixels to ten probabilities. Made to teach the life cycle of a model. Not made for "
        "letters, several digits at once, unprocessed photographs, or decisions with consequences "
        "for people: it returns a digit for every image, whatever it shows."
    ),
    origin=(
        "MNIST (LeCun, Cortes and Burges), licence "
        "[CC BY-SA 3.0](https://creativecommons.org/licenses/by-sa/3.0/)."
    ),
    request="-d @api/samples/seven.json",
)

OTHER = DatasetText(
    purpose=(
        "Classifies ten classes of images of the data set `{name}`, by its labels 0 to 9: from 784 "
        "pixels, 28 by 28, to ten probabilities. Not made for images of any other origin, or "
        "decisions with consequences for people: it returns a class for every image, whatever it "
        "shows."
    ),
    origin="The data set `{name}`; its licence is its owner's.",
    request="""-d '{{"image": [784 numbers, 0 to 1, as in the data]}}'""",
)


def dataset_text(params: Mapping[str, Any]) -> DatasetText:
    """Return the text for the data set that a run's ``params`` name."""
    if params["dataset_sha256"] == MNIST_SHA256:
        return MNIST
    name = str(params["dataset"]).replace("`", "'")
    return DatasetText(
        *(text.format(name=name) for text in (OTHER.purpose, OTHER.origin, OTHER.request))
    )
