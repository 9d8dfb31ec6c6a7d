"""Reliability diagram: accuracy over confidence."""

from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from mnist_trainer.evaluation.calibration import BINS
from mnist_trainer.reporting.plots.style import BLUE, GREY, new_figure
from mnist_trainer.reporting.results import Results


def draw_reliability(results: Results) -> Figure:
    """Draw accuracy over confidence, and below it the number of images in each bin."""
    found = results.reliability
    figure = new_figure(6.4)
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=[3, 1])
    upper.plot([0, 1], [0, 1], "--", color=GREY)
    upper.annotate(
        "accuracy = confidence", (0.3, 0.3), xytext=(0, 5), textcoords="offset points",
        color=GREY, rotation=29, rotation_mode="anchor",
    )  # fmt: skip
    upper.errorbar(
        found.confidence, found.accuracy, yerr=found.interval_margins(),
        fmt="o", markersize=8, color=BLUE, ecolor="#99C7E0", elinewidth=3,
    )  # fmt: skip
    upper.set(ylabel="accuracy", xlim=(0, 1.02), ylim=(0, 1.05))
    upper.set_title(
        f"Reliability: expected calibration error {found.calibration_error:.2%}\n"
        f"(bars: 95 % interval; above the line the model is underconfident)"
    )
    lower.bar(found.confidence, found.counts, width=0.6 / BINS, color=BLUE)
    lower.set(yscale="log", ylabel="images", ylim=(0.6, 4 * found.counts.max()))
    for place, count in zip(found.confidence, found.counts, strict=True):
        lower.text(place, count * 1.25, f"{count}", ha="center", color=BLUE, fontsize=10)
    lower.set_xlabel("confidence: the largest probability")
    for axis in (upper.xaxis, upper.yaxis):
        axis.set_major_formatter(PercentFormatter(1))
    return figure
