"""What a run leaves behind to be looked at: one folder of figures and report, and its numbers."""

from dataclasses import dataclass
from pathlib import Path

from mnist_trainer.evaluation.calibration import weigh
from mnist_trainer.evaluation.comparison import compare
from mnist_trainer.evaluation.metrics import judge
from mnist_trainer.evaluation.robustness import Limit, Predict, measure_limits
from mnist_trainer.reporting.html_report import write_report
from mnist_trainer.reporting.plots import write_figures
from mnist_trainer.reporting.results import Results


@dataclass(frozen=True)
class Evidence:
    """``numbers`` are for the run's metrics, ``limits`` for the model card.

    Against a version in service the numbers hold its number, `compared_with`, how many digits
    were lost and won, and the p-value of the exact McNemar test, two-sided.
    """

    numbers: dict[str, float]
    limits: list[Limit]


def write_evidence(folder: Path, title: str, results: Results, predict: Predict) -> Evidence:
    """Write `report.html` and `figures/*.png` into ``folder``, which is made.

    ``title`` names the run; ``predict`` takes pixels, float32 [n, 784], 0 to 1, and returns
    probabilities [n, 10].
    """
    limits = measure_limits(predict, results.test)
    figures = write_figures(folder / "figures", results)
    write_report(folder / "report.html", title, results, limits, figures)
    return Evidence(_list_numbers(results, limits), limits)


def _list_numbers(results: Results, limits: list[Limit]) -> dict[str, float]:
    right = results.figures.right
    numbers = {
        "test_images": len(results.test),
        "test_mistakes": len(results.mistakes),
        "calibration_error": weigh(results.probabilities, right).error,
    }
    numbers |= {f"accuracy_{limit.name}": limit.accuracy for limit in limits}
    if results.in_service:
        found = compare(right, judge(results.in_service.probabilities, results.test).right)
        numbers |= {
            "compared_with": results.in_service.number,
            "digits_lost": len(found.lost),
            "digits_won": len(found.won),
            "mcnemar_p": found.p_value,
        }
    return numbers
