"""The bodies of POST /predict and POST /digit."""

from typing import Annotated, Any

from msgspec import UNSET, Meta, Struct, UnsetType

from mnist_api.codecs.responses import FoundDigits, Prediction, Predictions
from mnist_api.handlers.schemas.common import ARRAYS, BATCHES_OF_ONE, DATA_URL, Body, Pixels
from mnist_api.problems import ReadingStep


class OneImage(Body):
    """One image: 784 pixels, 28 rows of 28, these as a list of one, or a picture's data URL."""

    image: Annotated[Any, Meta(extra_json_schema={"anyOf": [*ARRAYS, *BATCHES_OF_ONE, DATA_URL]})]


class ManyImages(Body):
    """Images that have all the same of these forms, or are all pictures as data URLs."""

    images: Annotated[
        list[Any],
        Meta(
            min_length=1,
            extra_json_schema={"anyOf": [{"items": one} for one in (*ARRAYS, DATA_URL)]},
        ),
    ]


class Form(Struct):
    """One file or several: PNG, JPEG, WebP or BMP."""

    image: Annotated[
        list[Annotated[str, Meta(extra_json_schema={"format": "binary"})]], Meta(min_length=1)
    ]


class Digit(Body):
    """The pixels that a digit is reduced to; its box is x, y, width and height in the picture.

    The score is how much it is like a digit, 0 to 1, null if the version has none.
    """

    image: Pixels
    box: tuple[int, int, int, int]
    score: float | None
    steps: list[ReadingStep] | UnsetType = UNSET


OneOrMany = (OneImage, ManyImages)
Predicted = (Prediction, Predictions, FoundDigits)
