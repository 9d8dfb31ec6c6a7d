"""Learning curves: loss and accuracy over the epochs."""

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator, NullLocator

from mnist_trainer.reporting.plots.style import BLUE, ORANGE, new_figure
from mnist_trainer.reporting.results import Results

TICKS = [50, 20, 10, 5, 2, 1, 0.5, 0.2, 0.1]  # % of mistakes, at which the accuracy is labelled
LOWEST = 0.02  # % of mistakes: one of 5,000 images; the axis is logarithmic


def draw_curves(results: Results) -> Figure:
    """Draw loss and accuracy over the epochs, on training and on validation images."""
    history = results.history
    figure = new_figure(4.4)
    left, right = figure.subplots(1, 2)
    left.set_title("Loss, nats an image")
    _draw(left, [each.loss for each in history], [each.val_loss for each in history])
    left.set_ylim(bottom=0)
    right.set_title("Accuracy, %, finer towards 100")
    right.set_yscale("log")
    right.invert_yaxis()
    _draw(
        right,
        [max(LOWEST, 100 * (1 - each.accuracy)) for each in history],
        [max(LOWEST, 100 * (1 - each.val_accuracy)) for each in history],
    )
    right.yaxis.set_major_locator(FixedLocator(TICKS))
    right.yaxis.set_major_formatter(FuncFormatter(lambda mistakes, _: f"{100 - mistakes:g}"))
    right.yaxis.set_minor_locator(NullLocator())
    best = max(history, key=lambda each: each.val_accuracy)
    figure.suptitle(
        f"Learning curves: {history[-1].val_accuracy:.2%} of the validation images after "
        f"{len(history)} epochs (best: {best.val_accuracy:.2%}, epoch {best.number})",
        fontsize=12,
        x=0.01,
        ha="left",
    )
    return figure


def _draw(axes: Axes, training: list[float], validation: list[float]) -> None:
    """Draw two lines with their names at their right ends."""
    epochs = range(1, len(training) + 1)
    marker = "o" if len(training) < 12 else ""
    offset = 7 if (training[-1] > validation[-1]) != axes.yaxis_inverted() else -7
    for values, name, colour, dashes, shift in (
        (training, "training", ORANGE, "--", offset),
        (validation, "validation", BLUE, "-", -offset),  # the labels do not overlap
    ):
        axes.plot(epochs, values, dashes, color=colour, marker=marker, linewidth=2)
        axes.annotate(
            name, (len(values), values[-1]), xytext=(7, shift), textcoords="offset points",
            va="center", color=colour, fontweight="bold", annotation_clip=False,
        )  # fmt: skip
    axes.set_xlabel("epoch")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
