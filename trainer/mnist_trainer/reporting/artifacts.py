"""A run's artifacts: HTML report and plots in one folder, and the metrics that they show."""

from dataclasses import dataclass
from pathlib import Path

from mnist_trainer.evaluation.robustness import (
    PerturbedAccuracy,
    Predict,
    measure_corruptions,
    measure_robustness,
)
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
    robustness += measure_corruptions(predict, results.test)
    plots = write_plots(folder / "figures", results)
    write_report(folder / "report.html", title, results, robustness, plots)
    return Artifacts(_list_metrics(results, robustness), robustness)


def _list_metrics(results: Results, robustness: list[PerturbedAccuracy]) -> dict[str, float]:
    metrics = {
        "test_images": len(results.test),
        "test_mistakes": len(results.mistakes),
        "calibration_error": results.reliability.calibration_error,
    }
    metrics |= {f"accuracy_{each.name}": each.accuracy for each in robustness}
    if champion := results.champion:
        metrics |= {
            "compared_with": champion.number,
            "digits_lost": len(champion.comparison.lost),
            "digits_won": len(champion.comparison.won),
            "mcnemar_p": champion.comparison.p_value,
        }
    return metrics
