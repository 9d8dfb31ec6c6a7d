"""Whether the network is right as often as it says."""

from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from mnist_trainer.evaluation.calibration import BINS, weigh
from mnist_trainer.reporting.plots.style import BLUE, GREY, new_figure
from mnist_trainer.reporting.results import Results


def draw_reliability(results: Results) -> Figure:
    """Draw accuracy over confidence, and below it how many images each point stands for."""
    found = weigh(results.probabilities, results.figures.right)
    figure = new_figure(6.4)
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=[3, 1])
    upper.plot([0, 1], [0, 1], "--", color=GREY)
    upper.annotate(
        "right as often as it says", (0.3, 0.3), xytext=(0, 5), textcoords="offset points",
        color=GREY, rotation=29, rotation_mode="anchor",
    )  # fmt: skip
    upper.errorbar(
        found.confidence, found.accuracy, yerr=found.margins(),
        fmt="o", markersize=8, color=BLUE, ecolor="#99C7E0", elinewidth=3,
    )  # fmt: skip
    upper.set(ylabel="accuracy", xlim=(0, 1.02), ylim=(0, 1.05))
    upper.set_title(
        f"Reliability: expected calibration error {found.error:.2%}\n"
        f"(bars: 95 % of chance; above the line it is better than it says)"
    )
    lower.bar(found.confidence, found.counts, width=0.6 / BINS, color=BLUE)
    lower.set(yscale="log", ylabel="images", ylim=(0.6, 4 * found.counts.max()))
    for place, count in zip(found.confidence, found.counts, strict=True):
        lower.text(place, count * 1.25, f"{count}", ha="center", color=BLUE, fontsize=10)
    lower.set_xlabel("confidence: the probability of what is said")
    for axis in (upper.xaxis, upper.yaxis):
        axis.set_major_formatter(PercentFormatter(1))
    return figure
