"""Grids of images: the worst mistakes, changes against the champion, first-layer weights."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from mnist_trainer.reporting.plots.style import BLUE, VERMILION, hide_axes, new_figure
from mnist_trainer.reporting.results import Results
from mnist_trainer.signature import SIDE

WORST = 40
CHANGED = 16  # of each kind at most
FILTERS = 64
COLUMNS = 8
FRAME = 50  # grey level of an image's frame, 0 to 255
UNIT_PITCH, DIGIT_PITCH = (31, 31), (50, 36)  # pixels from one to the next, down and right


def draw_mistakes(results: Results) -> Figure:
    """Draw the 40 worst mistakes with predicted class, confidence and true class."""
    chosen = results.mistakes[:WORST]
    captions = [
        f"predicted {results.metrics.predicted[i]} ({results.probabilities[i].max():.0%})\n"
        f"true {results.test.labels[i]}"
        for i in chosen
    ]
    title = (
        f"The {len(chosen)} worst of {len(results.mistakes)} mistakes, "
        "the smallest probability of the true class first"
    )
    return _draw_grids(results, [(title, "black", chosen, captions)])


def draw_changes(results: Results) -> Figure:
    """Draw the images on which only one of model and champion is correct."""
    champion = results.champion
    if champion is None:
        raise ValueError("there is no champion to compare with")
    before, after = champion.metrics.predicted, results.metrics.predicted
    version = f"version {champion.number}"
    parts = []
    for indices, change, colour in (
        (champion.comparison.lost, "from right to wrong", VERMILION),
        (champion.comparison.won, "from wrong to right", BLUE),
    ):
        shown = indices[:CHANGED]
        part = f", the first {len(shown)}" if len(shown) < len(indices) else ""
        captions = [f"{before[i]} → {after[i]}\ntrue {results.test.labels[i]}" for i in shown]
        parts.append((f"{len(indices)} {change} against {version}{part}", colour, shown, captions))
    return _draw_grids(results, parts)


def draw_filters(results: Results) -> Figure:
    """Draw the weights of the 64 first-layer units whose weights have the largest norm."""
    if results.kernel is None:
        raise ValueError("the first layer has no weights of single pixels")
    norms = np.linalg.norm(results.kernel, axis=0)
    chosen = np.argsort(-norms, kind="stable")[:FILTERS]
    reach = float(np.quantile(np.abs(results.kernel[:, chosen]), 0.995)) or 1.0
    rows = -(-len(chosen) // COLUMNS)
    figure = new_figure(0.75 + 0.92 * rows)
    axes = figure.subplots()
    hide_axes(axes)
    units = results.kernel[:, chosen].T.reshape(-1, SIDE, SIDE)
    drawn = axes.imshow(_tile(units, UNIT_PITCH), cmap="PuOr_r", vmin=-reach, vmax=reach)
    bar = figure.colorbar(drawn, ax=axes, shrink=0.6, aspect=30)
    bar.set_label("weight (0: the pixel has no influence)")
    figure.suptitle(
        f"First layer: {len(chosen)} of {results.kernel.shape[1]} units, "
        "those with the largest weights",
        fontsize=12, x=0.01, ha="left",
    )  # fmt: skip
    return figure


def _draw_grids(
    results: Results, parts: Sequence[tuple[str, str, np.ndarray, list[str]]]
) -> Figure:
    """Draw grids below each other: title, its colour, indices of the images, captions."""
    rows = [max(1, -(-len(chosen) // COLUMNS)) for _, _, chosen, _ in parts]
    heights = [0.45 + 1.4 * count for count in rows]
    figure = new_figure(sum(heights))
    halves = figure.subfigures(len(parts), 1, height_ratios=heights, squeeze=False)[:, 0]
    for half, (title, colour, chosen, captions) in zip(halves, parts, strict=True):
        half.suptitle(title, fontsize=12, x=0.01, ha="left", color=colour, weight="bold")
        axes = half.subplots()
        hide_axes(axes)
        digits = results.test.images[chosen].reshape(len(chosen), SIDE, SIDE)
        framed = np.pad(digits, ((0, 0), (1, 1), (1, 1)), constant_values=FRAME)
        axes.imshow(_tile(framed, DIGIT_PITCH), cmap="Greys", vmin=0, vmax=255)
        down, correct = DIGIT_PITCH
        for place, caption in enumerate(captions):
            row, column = divmod(place, COLUMNS)
            x, y = column * correct + framed.shape[2] / 2, row * down + framed.shape[1] + 2
            axes.text(x, y, caption, fontsize=9.5, ha="center", va="top")
    return figure


def _tile(images: NDArray[Any], pitch: tuple[int, int]) -> NDArray[np.float32]:
    """Arrange images [n, height, width] as one, 8 a row, with NaN between them.

    Drawing one image is many times faster than drawing each.
    """
    count, height, width = images.shape
    rows, (down, correct) = max(1, -(-count // COLUMNS)), pitch
    tiles = np.full((rows * COLUMNS, down, correct), np.nan, np.float32)
    tiles[:count, :height, :width] = images
    return tiles.reshape(rows, COLUMNS, down, correct).swapaxes(1, 2).reshape(rows * down, -1)
