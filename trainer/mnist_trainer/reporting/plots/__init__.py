"""The figures of a run, one PNG each."""

from pathlib import Path

import matplotlib

from mnist_trainer.reporting.plots.confusion import draw_confusion, draw_precision_and_recall
from mnist_trainer.reporting.plots.image_grids import draw_changes, draw_filters, draw_mistakes
from mnist_trainer.reporting.plots.learning_curves import draw_curves
from mnist_trainer.reporting.plots.reliability import draw_reliability
from mnist_trainer.reporting.plots.style import DPI, STYLE
from mnist_trainer.reporting.results import Results

DRAWN = {
    "learning_curves": draw_curves,
    "confusion_matrix": draw_confusion,
    "precision_and_recall": draw_precision_and_recall,
    "reliability": draw_reliability,
    "worst_mistakes": draw_mistakes,
    "first_layer_filters": draw_filters,
}


def write_figures(folder: Path, results: Results) -> list[Path]:
    """Write the figures into ``folder``, which is made, and return their files.

    The last one, `changed_digits.png`, is there only where a version is in service to compare with.
    """
    drawn = dict(DRAWN)
    if results.kernel is None:
        del drawn["first_layer_filters"]
    if results.in_service:
        drawn["changed_digits"] = draw_changes
    folder.mkdir(parents=True, exist_ok=True)
    files = []
    with matplotlib.rc_context(STYLE):
        for name, draw in drawn.items():
            files.append(folder / f"{name}.png")
            draw(results).savefig(files[-1], dpi=DPI)
    return files
