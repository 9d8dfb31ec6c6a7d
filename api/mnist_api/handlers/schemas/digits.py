"""The bodies of POST /predict and POST /digit."""

from typing import Annotated, Any

from msgspec import Meta, Struct

from mnist_api.codecs.responses import Prediction, Predictions
from mnist_api.handlers.schemas.common import FLAT, ROWS, Body, Pixels


class OneImage(Body):
    """784 pixels row by row, or 28 rows of 28."""

    image: Annotated[list[Any], Meta(extra_json_schema={"anyOf": [FLAT, ROWS]})]


class ManyImages(Body):
    """Images that are either all flat or all rows."""

    images: Annotated[
        list[Any],
        Meta(min_length=1, extra_json_schema={"anyOf": [{"items": FLAT}, {"items": ROWS}]}),
    ]


class Form(Struct):
    """One file or several: PNG, JPEG, WebP or BMP."""

    image: Annotated[
        list[Annotated[str, Meta(extra_json_schema={"format": "binary"})]], Meta(min_length=1)
    ]


class Digit(Body):
    """The pixels that a picture is reduced to."""

    image: Pixels


OneOrMany = (OneImage, ManyImages)
Predicted = (Prediction, Predictions)
