"""One file that tells a whole run: figures, settings, data, and what changed in service."""

import base64
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from pathlib import Path
from string import Template

import numpy as np

from mnist_trainer.evaluation.calibration import weigh
from mnist_trainer.evaluation.comparison import Comparison, compare
from mnist_trainer.evaluation.metrics import judge
from mnist_trainer.evaluation.robustness import Limit
from mnist_trainer.reporting.results import InService, Results

CAPTIONS = {
    "learning_curves": "Learning curves. The training figures are of images as they were distorted "
    "for training, while the weights were moving, and the loss is against smoothed labels; the "
    "validation figures are of plain images at each epoch's end. So training may look the worse.",
    "confusion_matrix": "Confusion matrix of the test images. The colours are for mistakes.",
    "precision_and_recall": "Precision: of what is called a class, the share that is it. Recall: "
    "of what is of a class, the share that is called so.",
    "reliability": "Reliability diagram: is the network right as often as it says? The expected "
    "calibration error is the mean distance from the line over all images, in 15 bins.",
    "worst_mistakes": "The worst mistakes: what was said, how surely, and what was true.",
    "first_layer_filters": "First-layer filters: to which pixels a unit responds, orange for more "
    "ink and violet for less.",
    "changed_digits": "Images whose class changed: version in service → this network.",
}
PAGE = Path(__file__).with_name("html_report.html")

Rows = Iterable[Sequence[object]]


def write_report(
    file: Path, title: str, results: Results, limits: Sequence[Limit], figures: Sequence[Path]
) -> Path:
    """Write the report of a run into ``file`` and return it.

    ``title`` names the run; ``figures`` are the PNGs of `write_figures`, which become part of the
    file. It needs nothing beside it and runs no script.
    """
    changes = "There was no version in service to compare with."
    if results.in_service:
        changes = _tell_changes(results, results.in_service)
    page = Template(PAGE.read_text("utf-8")).substitute(
        title=escape(title),
        digest=escape(str(results.settings["dataset_sha256"])),
        figures="\n".join(map(_show, figures)),
        numbers=_table(("figure", "value"), _list_numbers(results)),
        changes=changes,
        limits=_table(("change to every test image", "accuracy"), _list_limits(results, limits)),
        settings=_table(("setting", "value"), _sorted(results.settings)),
    )
    file.write_text(page, "utf-8")
    return file


def _list_numbers(results: Results) -> list[tuple[str, str]]:
    figures = results.figures
    return [
        ("test images", f"{len(results.test):,}"),
        ("mistakes among them", f"{len(results.mistakes)}"),
        ("accuracy", f"{figures.accuracy:.2%}"),
        ("loss, nats an image", f"{figures.loss:.4f}"),
        ("calibration error", f"{weigh(results.probabilities, figures.right).error:.2%}"),
        ("training, seconds", f"{sum(epoch.seconds for epoch in results.history):.1f}"),
    ]


def _list_limits(results: Results, limits: Sequence[Limit]) -> list[tuple[str, str]]:
    rows = [("none", results.figures.accuracy)]
    rows += [(limit.change, limit.accuracy) for limit in limits]
    return [(change, f"{accuracy:.2%}") for change, accuracy in rows]


def _tell_changes(results: Results, served: InService) -> str:
    """Return the comparison with the version in service, every image that changed included."""
    theirs = judge(served.probabilities, results.test)
    found = compare(results.figures.right, theirs.right)
    before = np.asarray(served.probabilities.argmax(axis=1), np.int64)
    parts = [_tell_test(found, served.number, theirs.accuracy)]
    for indices, change in ((found.lost, "right to wrong"), (found.won, "wrong to right")):
        rows = [(i, results.test.labels[i], before[i], results.guessed[i]) for i in indices]
        head = ("test image", "true", f"version {served.number} said", "this network says")
        summary = f"<summary>{len(indices)} from {change}</summary>"
        parts.append(f"<details>{summary}{_table(head, rows)}</details>")
    return "\n".join(parts)


def _tell_test(found: Comparison, number: int, accuracy: float) -> str:
    return (
        f"<p>Version {number} was in service then, with {accuracy:.2%} of the same images. "
        f"Images that changed from right to wrong: <strong>{len(found.lost)}</strong>; from wrong "
        f"to right: <strong>{len(found.won)}</strong>. If the two networks were equally "
        "good, these numbers would differ so much or more with probability "
        f"<strong>p&nbsp;=&nbsp;{found.p_value:.3g}</strong> (exact binomial McNemar test, "
        "two-sided); so much to the worse, which is what the gate asks, with "
        f"p&nbsp;=&nbsp;{found.chance_of_worse:.3g}.</p>"
    )


def _show(file: Path) -> str:
    caption = escape(CAPTIONS.get(file.stem, file.stem))
    data = base64.b64encode(file.read_bytes()).decode()
    return (
        f'<figure id="{escape(file.stem)}"><img alt="{caption}" src="data:image/png;base64,{data}">'
        f"<figcaption>{caption}</figcaption></figure>"
    )


def _sorted(settings: Mapping[str, object]) -> list[tuple[str, object]]:
    """Return the settings as they came, the versions of packages last."""
    return sorted(settings.items(), key=lambda item: item[0].startswith("version_"))


def _table(head: Sequence[str], rows: Rows) -> str:
    def row(cells: Sequence[object], tag: str) -> str:
        return f"<tr>{''.join(f'<{tag}>{escape(str(cell))}</{tag}>' for cell in cells)}</tr>"

    body = "\n".join(row(cells, "td") for cells in rows)
    return f"<table><thead>{row(head, 'th')}</thead>\n<tbody>{body}</tbody></table>"
