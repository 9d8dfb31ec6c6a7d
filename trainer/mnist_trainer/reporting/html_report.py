"""report.html: metrics, plots, data and parameters of a run in one file."""

import base64
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from pathlib import Path
from string import Template

import numpy as np

from mnist_trainer.evaluation.calibration import reliability_bins
from mnist_trainer.evaluation.comparison import Comparison, compare
from mnist_trainer.evaluation.metrics import compute_metrics
from mnist_trainer.evaluation.robustness import PerturbedAccuracy
from mnist_trainer.reporting.results import ChampionPredictions, Results

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
PAGE = Path(__file__).with_name("html_report.html")

Rows = Iterable[Sequence[object]]


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
    changes = "There was no champion to compare with."
    if results.champion:
        changes = _describe_changes(results, results.champion)
    page = Template(PAGE.read_text("utf-8")).substitute(
        title=escape(title),
        digest=escape(str(results.params["dataset_sha256"])),
        plots="\n".join(map(_embed, plots)),
        metrics=_table(("metric", "value"), _list_metrics(results)),
        changes=changes,
        robustness=_table(
            ("change to every test image", "accuracy"), _list_robustness(results, robustness)
        ),
        params=_table(("parameter", "value"), _sorted(results.params)),
    )
    file.write_text(page, "utf-8")
    return file


def _list_metrics(results: Results) -> list[tuple[str, str]]:
    metrics = results.metrics
    return [
        ("test images", f"{len(results.test):,}"),
        ("mistakes among them", f"{len(results.mistakes)}"),
        ("accuracy", f"{metrics.accuracy:.2%}"),
        ("loss, nats an image", f"{metrics.loss:.4f}"),
        (
            "calibration error",
            f"{reliability_bins(results.probabilities, metrics.correct).calibration_error:.2%}",
        ),
        ("training, seconds", f"{sum(epoch.seconds for epoch in results.history):.1f}"),
    ]


def _list_robustness(
    results: Results, robustness: Sequence[PerturbedAccuracy]
) -> list[tuple[str, str]]:
    rows = [("none", results.metrics.accuracy)]
    rows += [(each.change, each.accuracy) for each in robustness]
    return [(change, f"{accuracy:.2%}") for change, accuracy in rows]


def _describe_changes(results: Results, champion: ChampionPredictions) -> str:
    """Return the comparison with the champion, with every image on which they differ."""
    theirs = compute_metrics(champion.probabilities, results.test)
    found = compare(results.metrics.correct, theirs.correct)
    before = np.asarray(champion.probabilities.argmax(axis=1), np.int64)
    parts = [_describe_test(found, champion.number, theirs.accuracy)]
    for indices, change in ((found.lost, "right to wrong"), (found.won, "wrong to right")):
        rows = [(i, results.test.labels[i], before[i], results.predicted[i]) for i in indices]
        head = ("test image", "true", f"version {champion.number} predicted", "this model predicts")
        summary = f"<summary>{len(indices)} from {change}</summary>"
        parts.append(f"<details>{summary}{_table(head, rows)}</details>")
    return "\n".join(parts)


def _describe_test(found: Comparison, number: int, accuracy: float) -> str:
    return (
        f"<p>The champion was version {number}, with accuracy {accuracy:.2%} on the same images. "
        f"Images that changed from right to wrong: <strong>{len(found.lost)}</strong>; from wrong "
        f"to right: <strong>{len(found.won)}</strong>. If the two models were equally "
        "good, these numbers would differ so much or more with probability "
        f"<strong>p&nbsp;=&nbsp;{found.p_value:.3g}</strong> (exact binomial McNemar test, "
        "two-sided); one-sided, as at the gate, with "
        f"p&nbsp;=&nbsp;{found.one_sided_p_value:.3g}.</p>"
    )


def _embed(file: Path) -> str:
    caption = escape(CAPTIONS.get(file.stem, file.stem))
    data = base64.b64encode(file.read_bytes()).decode()
    return (
        f'<figure id="{escape(file.stem)}"><img alt="{caption}" src="data:image/png;base64,{data}">'
        f"<figcaption>{caption}</figcaption></figure>"
    )


def _sorted(params: Mapping[str, object]) -> list[tuple[str, object]]:
    """Return the parameters in their order, the versions of packages last."""
    return sorted(params.items(), key=lambda item: item[0].startswith("version_"))


def _table(head: Sequence[str], rows: Rows) -> str:
    def row(cells: Sequence[object], tag: str) -> str:
        return f"<tr>{''.join(f'<{tag}>{escape(str(cell))}</{tag}>' for cell in cells)}</tr>"

    body = "\n".join(row(cells, "td") for cells in rows)
    return f"<table><thead>{row(head, 'th')}</thead>\n<tbody>{body}</tbody></table>"
