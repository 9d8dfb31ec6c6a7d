"""Small pictures of how a picture was read, for people to look at."""

import base64
from collections.abc import Iterable
from io import BytesIO
from typing import Literal, NamedTuple

from PIL import Image, ImageDraw

from mnist_api.problems import ReadingStep

SIDE = 256  # pixels of the longer side
COLOUR = (225, 60, 40)

Box = tuple[int, int, int, int]  # x, y, width and height


class Step(NamedTuple):
    """What is seen after a step of reading a picture."""

    name: Literal["contrast", "found", "digit"]
    image: Image.Image


def draw_boxes(image: Image.Image, width: int, boxes: Iterable[Box]) -> Image.Image:
    """Return a small ``image`` with ``boxes``, in pixels of a picture of this ``width``."""
    small = _reduce(image).convert("RGB")
    scale = small.width / width
    pen = ImageDraw.Draw(small)
    for x, y, across, down in boxes:
        corners = (x * scale, y * scale, (x + across) * scale, (y + down) * scale)
        pen.rectangle(corners, outline=COLOUR, width=2)
    return small


def encode_step(step: Step) -> ReadingStep:
    """Return the step as responses have it."""
    file = BytesIO()
    _reduce(step.image).save(file, "PNG")
    url = "data:image/png;base64," + base64.b64encode(file.getvalue()).decode()
    return ReadingStep(step.name, url)


def _reduce(image: Image.Image) -> Image.Image:
    small = image.copy()
    small.thumbnail((SIDE, SIDE), Image.Resampling.BOX)
    return small
