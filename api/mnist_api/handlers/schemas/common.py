"""What several protocols' bodies have in common."""

from typing import Annotated

from msgspec import Meta, Struct

from mnist_api.signature import CLASSES, PIXELS

PIXEL = {"type": "number", "minimum": 0, "maximum": 1}
FLAT = {"type": "array", "items": PIXEL, "minItems": PIXELS, "maxItems": PIXELS}
ROW = {"type": "array", "items": PIXEL, "minItems": 28, "maxItems": 28}
ROWS = {"type": "array", "items": ROW, "minItems": 28, "maxItems": 28}

Pixels = Annotated[
    list[Annotated[float, Meta(ge=0, le=1)]], Meta(min_length=PIXELS, max_length=PIXELS)
]
Images = Annotated[list[Pixels], Meta(min_length=1)]
Probabilities = Annotated[list[float], Meta(min_length=CLASSES, max_length=CLASSES)]


class Body(Struct, forbid_unknown_fields=True):
    """JSON with exactly these keys."""
