"""The figure of docs/training.md: what a training sees."""

from dataclasses import replace
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from mnist_trainer.data.alterations import ALTERATIONS, alter, coarsen
from mnist_trainer.data.dataset import SHIPPED, load_dataset
from mnist_trainer.data.digit_forms import FORMS
from mnist_trainer.data.drawn_digits import draw_digit, draw_digits
from mnist_trainer.data.printed_digits import print_digits
from mnist_trainer.training import augmentation
from mnist_trainer.training.recipes import RECIPES

COLUMNS = 10
NAMES = {"thicken": "thick", "coarsen": "coarse"}
NAMED = {"1 with a flag": (1, 0), "barred 7": (7, 1), "open 4": (4, 0)}  # digit, form
EFFECTS = ("elastic", "rotation", "scale", "shear", "shift")
RECIPE = RECIPES["default"]
AS_THEY_ARE = replace(RECIPE, **dict.fromkeys(EFFECTS, 0.0))

Rows = dict[str, np.ndarray]  # name → uint8 [10, 784]


def draw_figure(file: Path) -> None:
    """Write a PNG: added digits at the left, MNIST's and their distortions at the right."""
    figure = Figure(figsize=(9, 4.1), dpi=100)
    left, right = figure.subplots(1, 2)
    for axes, title, rows in (
        (left, "Digits that are added to MNIST's", _list_added()),
        (right, "MNIST's digits: distorted, altered", _list_distorted()),
    ):
        tiles = [np.hstack(list(row.reshape(-1, 28, 28))) for row in rows.values()]
        axes.imshow(np.vstack(tiles), cmap="gray", vmin=0, vmax=255, interpolation="nearest")
        axes.set_title(title, fontsize=10)
        axes.set_yticks([28 * place + 14 for place in range(len(rows))], list(rows), fontsize=9)
        axes.set_xticks([])
        axes.tick_params(length=0)
    figure.tight_layout()
    figure.savefig(file, metadata={"Software": None})


def _list_added() -> Rows:
    random = np.random.default_rng(0)
    rows = {
        name: np.stack([draw_digit(digit, FORMS[digit][form], random) for _ in range(COLUMNS)])
        for name, (digit, form) in NAMED.items()
    }
    many = draw_digits(300, seed=0).images
    ink = many.sum(1, dtype=int)
    columns = many.reshape(-1, 28, 28).any(1).sum(1)
    by_width = sorted((i for i in range(300) if i % 10 != 1), key=columns.__getitem__)
    rows["narrow"] = many[by_width[:COLUMNS]]
    rows["wide"] = many[by_width[-COLUMNS:]]
    rows["thin"] = many[np.argsort(ink)[:COLUMNS]]
    rows["thick"] = many[np.argsort(-ink)[:COLUMNS]]
    rows["printed"] = print_digits(COLUMNS, seed=1).images
    rows["coarse"] = alter(draw_digits(COLUMNS, seed=1), 1, random, (coarsen,)).images
    return rows


def _list_distorted() -> Rows:
    digits = load_dataset(SHIPPED).train.first(COLUMNS)
    basis, packed = augmentation.basis(), augmentation.pack(digits.images)
    rows = {"MNIST": digits.images}
    for name in (*EFFECTS, "all of it"):
        recipe = (
            replace(AS_THEY_ARE, **{name: getattr(RECIPE, name)}) if name in EFFECTS else RECIPE
        )
        coefficients = augmentation.draw_coefficients(recipe, COLUMNS, [7, len(rows)])
        positions = augmentation.sampling_positions(coefficients, basis)
        rows[name] = 255 * augmentation.warp(packed, positions).numpy()
    for way in ALTERATIONS:
        random = np.random.default_rng(1)
        rows[NAMES.get(way.__name__, way.__name__)] = alter(digits, 1, random, (way,)).images
    return rows
