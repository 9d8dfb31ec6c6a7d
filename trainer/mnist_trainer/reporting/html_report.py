"""report.html: metrics, plots, data and parameters of a run in one file."""

import base64
from collections.abc import Sequence
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from mnist_trainer.evaluation.robustness import MOST_CORRUPTED, PerturbedAccuracy
from mnist_trainer.reporting.results import Results

CAPTIONS = {
    "learning_curves": "Learning curves. The training metrics are means over an epoch, on "
    "augmented images, and the loss is that of smoothed labels; the validation metrics are of "
    "unchanged images after the epoch. So the training metrics may be the worse ones.",
    "confusion_matrix": "Confusion matrix of the test images. The colours count mistakes.",
    "precision_and_recall": "Precision: of the images predicted as a class, the share that "
    "belongs to it. Recall: of the images of a class, the share that is predicted as it.",
    "reliability": "Reliability diagram: accuracy over confidence. The expected calibration error "
    "is the mean distance from the diagonal over all images, in 15 bins.",
    "worst_mistakes": "The worst mistakes: predicted class, confidence, true class.",
    "first_layer_filters": "First-layer filters: the weights of a unit, orange for positive "
    "and violet for negative.",
    "changed_digits": "Images on which only one of the two is correct: champion → this model.",
}


def write_report(
    file: Path,
    title: str,
    results: Results,
    robustness: Sequence[PerturbedAccuracy],
    plots: Sequence[Path],
) -> Path:
    """Write the report of a run into ``file`` and return it.

    ``plots`` are the PNGs of `write_plots`, which are embedded. The file loads no other one and
    runs no script.
    """
    templates = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
    )
    templates.filters["percent"] = "{:.2%}".format
    page = templates.get_template("html_report.html").render(
        title=title,
        results=results,
        robustness=robustness,
        most_corrupted=f"{MOST_CORRUPTED:,}",
        plots=[(each.stem, CAPTIONS[each.stem], _encode(each)) for each in plots],
        # in their order, the versions of packages last
        params=sorted(results.params.items(), key=lambda item: item[0].startswith("version_")),
    )
    file.write_text(page, "utf-8")
    return file


def _encode(file: Path) -> str:
    return base64.b64encode(file.read_bytes()).decode()
