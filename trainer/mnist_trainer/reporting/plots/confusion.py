"""Confusion matrix, and precision and recall of each class."""

import matplotlib
import numpy as np
from matplotlib.figure import Figure

from mnist_trainer.reporting.plots.style import BLUE, VERMILION, new_figure
from mnist_trainer.reporting.results import Results
from mnist_trainer.signature import CLASSES


def draw_confusion(results: Results) -> Figure:
    """Draw how often class t is predicted as p; the colours count mistakes."""
    confusion = results.metrics.confusion
    mistakes = confusion.copy()
    np.fill_diagonal(mistakes, 0)
    colours = matplotlib.colormaps["cividis_r"]
    most = max(1, int(mistakes.max()))
    figure = new_figure(6.9)
    axes = figure.subplots()
    shown = np.ma.masked_equal(mistakes, 0)
    axes.imshow(shown, cmap=colours, vmin=0, vmax=most)
    for (truth, guess), count in np.ndenumerate(confusion):
        hit = truth == guess
        dark = not hit and count > most / 2
        axes.text(
            guess, truth, f"{count}" if count else "·",
            ha="center", va="center",
            color="white" if dark else "#111111" if count else "#BBBBBB",
            fontweight="bold" if hit else "normal",
        )  # fmt: skip
    axes.set(
        xticks=range(CLASSES),
        yticks=range(CLASSES),
        xlabel="predicted class",
        ylabel="true class",
        title=f"Confusion matrix: {mistakes.sum()} mistakes in {confusion.sum():,} test images",
    )
    axes.grid(visible=False)
    axes.tick_params(length=0, labelsize=13)
    return figure


def draw_precision_and_recall(results: Results) -> Figure:
    """Draw both shares for each class, with their values beside them."""
    precision, recall = 100 * np.array(results.metrics.per_class()).T
    places = np.arange(CLASSES)
    figure = new_figure(5.4)
    axes = figure.subplots()
    low, high = np.minimum(precision, recall), np.maximum(precision, recall)
    axes.hlines(places, low, high, color="#BBBBBB", linewidth=3)
    axes.plot(precision, places, "o", color=BLUE, markersize=11)
    axes.plot(recall, places, "D", color=VERMILION, markersize=6)
    edge = axes.get_yaxis_transform()  # x as a share of the width, y a class
    for place in range(CLASSES):
        axes.text(1.09, place, f"{precision[place]:.2f}", transform=edge, color=BLUE,
                  ha="right", va="center")  # fmt: skip
        axes.text(1.19, place, f"{recall[place]:.2f}", transform=edge, color=VERMILION,
                  ha="right", va="center")  # fmt: skip
    axes.text(1.09, -0.85, "● precision", transform=edge, color=BLUE, ha="right", weight="bold")
    axes.text(1.12, -0.85, "◆ recall", transform=edge, color=VERMILION, weight="bold")
    axes.set(
        yticks=places,
        ylim=(CLASSES - 0.4, -0.6),
        ylabel="class",
        xlabel="%  (precision: of those predicted; recall: of those present)",
    )
    axes.set_title("Precision and recall of each class", pad=24)
    axes.tick_params(axis="y", length=0, labelsize=13)
    return figure
