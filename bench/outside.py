"""Digits that no training sees: scikit-learn's, and those of Debian's handwriting fonts.

Recipes are chosen on one half of each and reported on the other: every second image of
scikit-learn, every second family of fonts.
"""

import gzip
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from mnist_trainer.data.images import LabelledImages
from mnist_trainer.signature import CLASSES, SIDE

ENVIRONMENT = Path(__file__).parents[1] / ".local/environments/mlflow-server"  # has scikit-learn
FAMILIES = {  # the folders of Debian's packages below /usr/share/fonts/*/
    "chosen on": (
        "breip", "bwht", "dancingscript", "femkeklaver", "humor-sans", "kiloji", "kouzan-mouhitsu",
        "leckerli-one", "seto", "tomsontalks",
    ),
    "reported": (
        "comic-neue", "ecolier-court", "fifthhorseman", "havana", "isabella", "klee", "kristi",
        "rufscript", "sjfonts",
    ),
}  # fmt: skip
ANGLES = -5.0, 0.0, 5.0  # degrees, in which each font is drawn
BOX = 20  # pixels of the longer side

Grey = NDArray[np.float32]


def load_outside(fonts: Path) -> dict[str, LabelledImages]:
    """Return the sets that are found, those of ``fonts`` by the names of their folders."""
    found = {}
    digits = next(ENVIRONMENT.rglob("sklearn/datasets/data/digits.csv.gz"), None)
    if digits:
        with gzip.open(digits) as opened:
            table = np.loadtxt(opened, np.float32, delimiter=",")
        for half, part in zip(FAMILIES, (table[::2], table[1::2]), strict=True):
            images = [_bring_to_form(each.reshape(8, 8)) for each in part[:, :-1]]
            found[f"scikit-learn, {half}"] = _join(images, part[:, -1].astype(int).tolist())
    for half, families in FAMILIES.items():
        files = sorted(file for each in families for file in fonts.glob(f"*/{each}/*.[ot]tf"))
        if files:
            drawn = [each for file in files for each in _draw(file)]
            found[f"fonts, {half}"] = _join(*map(list, zip(*drawn, strict=True)))
    return found


def _draw(file: Path) -> Iterator[tuple[Grey, int]]:
    font = ImageFont.truetype(str(file), 120)
    for digit in range(CLASSES):
        canvas = Image.new("L", (300, 300))
        ImageDraw.Draw(canvas).text((90, 60), str(digit), fill=255, font=font)
        for angle in ANGLES if canvas.getbbox() else ():
            turned = canvas.rotate(angle, Image.Resampling.BICUBIC)
            yield _bring_to_form(np.asarray(turned, np.float32)), digit


def _bring_to_form(image: Grey) -> Grey:
    """Return [28, 28]: the longer side is 20 pixels, the centre of mass is in the middle."""
    ink = image > image.max() / 4
    rows, columns = np.flatnonzero(ink.any(1)), np.flatnonzero(ink.any(0))
    cut = image[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1] / image.max()
    scale = BOX / max(cut.shape)
    height, width = (max(1, round(side * scale)) for side in cut.shape)
    way = Image.Resampling.BOX if scale < 1 else Image.Resampling.BICUBIC
    small = Image.fromarray((255 * cut).astype(np.uint8)).resize((width, height), way)
    grey = np.asarray(small, np.float32) / 255
    grey /= grey.max()
    corner = [
        min(max(round((SIDE - 1) / 2 - weights @ np.arange(len(weights)) / weights.sum()), 0),
            SIDE - len(weights))
        for weights in (grey.sum(1), grey.sum(0))
    ]  # fmt: skip
    formed = np.zeros((SIDE, SIDE), np.float32)
    formed[corner[0] : corner[0] + height, corner[1] : corner[1] + width] = grey
    return formed


def _join(images: list[Grey], labels: list[int]) -> LabelledImages:
    pixels = np.rint(255 * np.stack(images)).astype(np.uint8).reshape(len(images), -1)
    return LabelledImages(pixels, np.array(labels, np.uint8))
