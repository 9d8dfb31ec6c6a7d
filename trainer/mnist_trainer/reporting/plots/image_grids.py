"""Sheets of small pictures: the worst mistakes, the images that changed, the first layer."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from mnist_trainer.evaluation.comparison import compare
from mnist_trainer.evaluation.metrics import judge
from mnist_trainer.reporting.plots.style import BLUE, VERMILION, bare, new_figure
from mnist_trainer.reporting.results import Results
from mnist_trainer.signature import SIDE

WORST = 40
CHANGED = 16  # of each kind at most
FILTERS = 64
COLUMNS = 8
FRAME = 50  # grey around an image, of 255
UNIT_PITCH, DIGIT_PITCH = (31, 31), (50, 36)  # pixels from one to the next, down and right


def draw_mistakes(results: Results) -> Figure:
    """Draw the 40 worst mistakes with what was said, how surely, and what was true."""
    chosen = results.mistakes[:WORST]
    captions = [
        f"said {results.guessed[i]} ({results.probabilities[i].max():.0%})\n"
        f"true {results.test.labels[i]}"
        for i in chosen
    ]
    title = (
        f"The {len(chosen)} worst of {len(results.mistakes)} mistakes, "
        "the least probability for the truth first"
    )
    return _draw_sheet(results, [(title, "black", chosen, captions)])


def draw_changes(results: Results) -> Figure:
    """Draw images that only one of the network and the version in service recognises."""
    if results.in_service is None:
        raise ValueError("there is no version in service to compare with")
    theirs = judge(results.in_service.probabilities, results.test)
    before = results.in_service.probabilities.argmax(axis=1)
    found = compare(results.figures.right, theirs.right)
    version = f"version {results.in_service.number}"
    parts = []
    for indices, change, colour in (
        (found.lost, "from right to wrong", VERMILION),
        (found.won, "from wrong to right", BLUE),
    ):
        shown = indices[:CHANGED]
        part = f", the first {len(shown)}" if len(shown) < len(indices) else ""
        captions = [
            f"{before[i]} → {results.guessed[i]}\ntrue {results.test.labels[i]}" for i in shown
        ]
        parts.append((f"{len(indices)} {change} against {version}{part}", colour, shown, captions))
    return _draw_sheet(results, parts)


def draw_filters(results: Results) -> Figure:
    """Draw what the units of the first layer look for: the weights of those with the largest."""
    if results.kernel is None:
        raise ValueError("the first layer has no weights of single pixels")
    norms = np.linalg.norm(results.kernel, axis=0)
    chosen = np.argsort(-norms, kind="stable")[:FILTERS]
    reach = float(np.quantile(np.abs(results.kernel[:, chosen]), 0.995)) or 1.0
    rows = -(-len(chosen) // COLUMNS)
    figure = new_figure(0.75 + 0.92 * rows)
    axes = figure.subplots()
    bare(axes)
    units = results.kernel[:, chosen].T.reshape(-1, SIDE, SIDE)
    drawn = axes.imshow(_tile(units, UNIT_PITCH), cmap="PuOr_r", vmin=-reach, vmax=reach)
    bar = figure.colorbar(drawn, ax=axes, shrink=0.6, aspect=30)
    bar.set_label("weight (0: the pixel is ignored)")
    figure.suptitle(
        f"First layer: {len(chosen)} of {results.kernel.shape[1]} units, "
        "those with the largest weights",
        fontsize=12, x=0.01, ha="left",
    )  # fmt: skip
    return figure


def _draw_sheet(
    results: Results, parts: Sequence[tuple[str, str, np.ndarray, list[str]]]
) -> Figure:
    """Draw parts one under the other: a title, its colour, which images, and their captions."""
    rows = [max(1, -(-len(chosen) // COLUMNS)) for _, _, chosen, _ in parts]
    heights = [0.45 + 1.4 * count for count in rows]
    figure = new_figure(sum(heights))
    halves = figure.subfigures(len(parts), 1, height_ratios=heights, squeeze=False)[:, 0]
    for half, (title, colour, chosen, captions) in zip(halves, parts, strict=True):
        half.suptitle(title, fontsize=12, x=0.01, ha="left", color=colour, weight="bold")
        axes = half.subplots()
        bare(axes)
        digits = results.test.images[chosen].reshape(len(chosen), SIDE, SIDE)
        framed = np.pad(digits, ((0, 0), (1, 1), (1, 1)), constant_values=FRAME)
        axes.imshow(_tile(framed, DIGIT_PITCH), cmap="Greys", vmin=0, vmax=255)
        down, right = DIGIT_PITCH
        for place, caption in enumerate(captions):
            row, column = divmod(place, COLUMNS)
            x, y = column * right + framed.shape[2] / 2, row * down + framed.shape[1] + 2
            axes.text(x, y, caption, fontsize=9.5, ha="center", va="top")
    return figure


def _tile(pictures: NDArray[Any], pitch: tuple[int, int]) -> NDArray[np.float32]:
    """Lay pictures [n, height, width] out as one, 8 a row; what lies between them is NaN.

    One picture is drawn many times faster than one for each.
    """
    count, height, width = pictures.shape
    rows, (down, right) = max(1, -(-count // COLUMNS)), pitch
    tiles = np.full((rows * COLUMNS, down, right), np.nan, np.float32)
    tiles[:count, :height, :width] = pictures
    return tiles.reshape(rows, COLUMNS, down, right).swapaxes(1, 2).reshape(rows * down, -1)
