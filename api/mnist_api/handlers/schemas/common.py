"""What several protocols' bodies have in common."""

from typing import Annotated

from msgspec import Meta, Struct

from mnist_api.signature import CLASSES, PIXELS

PIXEL: dict[str, object] = {"type": "number", "minimum": 0, "maximum": 1}


def _list(items: dict[str, object], length: int) -> dict[str, object]:
    return {"type": "array", "items": items, "minItems": length, "maxItems": length}


FLAT = _list(PIXEL, PIXELS)
ROWS = _list(_list(PIXEL, 28), 28)
CHANNELS_LAST = _list(_list(_list(PIXEL, 1), 28), 28)
CHANNELS_FIRST = _list(ROWS, 1)
ARRAYS = [FLAT, ROWS, CHANNELS_LAST, CHANNELS_FIRST]
BATCHES_OF_ONE = [_list(array, 1) for array in (FLAT, CHANNELS_LAST, CHANNELS_FIRST)]
DATA_URL = {"type": "string", "pattern": "^data:[^,]*;base64,"}

Pixels = Annotated[
    list[Annotated[float, Meta(ge=0, le=1)]], Meta(min_length=PIXELS, max_length=PIXELS)
]
Images = Annotated[list[Pixels], Meta(min_length=1)]
Probabilities = Annotated[list[float], Meta(min_length=CLASSES, max_length=CLASSES)]


class Body(Struct, forbid_unknown_fields=True):
    """JSON with exactly these keys."""
