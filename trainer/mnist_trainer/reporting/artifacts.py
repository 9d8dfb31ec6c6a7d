"""A run's artifacts: HTML report and plots in one folder, and the metrics that they show."""

from dataclasses import dataclass
from pathlib import Path

from mnist_trainer.evaluation.calibration import reliability_bins
from mnist_trainer.evaluation.comparison import compare
from mnist_trainer.evaluation.metrics import compute_metrics
from mnist_trainer.evaluation.robustness import PerturbedAccuracy, Predict, measure_robustness
from mnist_trainer.reporting.html_report import write_report
from mnist_trainer.reporting.plots import write_plots
from mnist_trainer.reporting.results import Results


@dataclass(frozen=True)
class Artifacts:
    """``metrics`` are for the run, ``robustness`` is for the model card.

    Where there is a champion, the metrics contain its version, `compared_with`, the numbers of
    images lost and won, and the two-sided p-value of the exact McNemar test.
    """

    metrics: dict[str, float]
    robustness: list[PerturbedAccuracy]


def write_artifacts(folder: Path, title: str, results: Results, predict: Predict) -> Artifacts:
    """Write `report.html` and `figures/*.png` into ``folder``, which is made.

    ``title`` is the report's; ``predict`` takes pixels, float32 [n, 784], 0 to 1, and returns
    probabilities [n, 10].
    """
    robustness = measure_robustness(predict, results.test)
    plots = write_plots(folder / "figures", results)
    write_report(folder / "report.html", title, results, robustness, plots)
    return Artifacts(_list_metrics(results, robustness), robustness)


def _list_metrics(results: Results, robustness: list[PerturbedAccuracy]) -> dict[str, float]:
    correct = results.metrics.correct
    metrics = {
        "test_images": len(results.test),
        "test_mistakes": len(results.mistakes),
        "calibration_error": reliability_bins(results.probabilities, correct).calibration_error,
    }
    metrics |= {f"accuracy_{each.name}": each.accuracy for each in robustness}
    if results.champion:
        found = compare(
            correct, compute_metrics(results.champion.probabilities, results.test).correct
        )
        metrics |= {
            "compared_with": results.champion.number,
            "digits_lost": len(found.lost),
            "digits_won": len(found.won),
            "mcnemar_p": found.p_value,
        }
    return metrics
