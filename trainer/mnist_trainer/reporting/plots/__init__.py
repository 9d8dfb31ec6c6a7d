"""The plots of a run, one PNG each."""

from pathlib import Path

import matplotlib

from mnist_trainer.reporting.plots.confusion import draw_confusion, draw_precision_and_recall
from mnist_trainer.reporting.plots.image_grids import draw_changes, draw_filters, draw_mistakes
from mnist_trainer.reporting.plots.learning_curves import draw_curves
from mnist_trainer.reporting.plots.reliability import draw_reliability
from mnist_trainer.reporting.plots.style import DPI, STYLE
from mnist_trainer.reporting.results import Results

PLOTS = {
    "learning_curves": draw_curves,
    "confusion_matrix": draw_confusion,
    "precision_and_recall": draw_precision_and_recall,
    "reliability": draw_reliability,
    "worst_mistakes": draw_mistakes,
    "first_layer_filters": draw_filters,
}


def write_plots(folder: Path, results: Results) -> list[Path]:
    """Write the plots into ``folder``, which is created, and return their files.

    `changed_digits.png` needs a champion, and `first_layer_filters.png` a kernel of single pixels.
    """
    plots = dict(PLOTS)
    if results.kernel is None:
        del plots["first_layer_filters"]
    if results.champion:
        plots["changed_digits"] = draw_changes
    folder.mkdir(parents=True, exist_ok=True)
    files = []
    with matplotlib.rc_context(STYLE):
        for name, draw in plots.items():
            files.append(folder / f"{name}.png")
            draw(results).savefig(files[-1], dpi=DPI)
    return files
