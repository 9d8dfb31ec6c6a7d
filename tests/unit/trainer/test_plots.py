"""The plots of a run, and the metrics that they show."""

from pathlib import Path

import numpy as np
import pytest
from matplotlib.image import imread

from mnist_trainer.evaluation.calibration import reliability_bins, wilson_interval
from mnist_trainer.evaluation.comparison import compare, one_sided_p_value
from mnist_trainer.evaluation.robustness import measure_robustness, rotate, shift, thin
from mnist_trainer.reporting.plots import write_plots
from support.trainer.example_results import make_results, probabilities_for

DIGITS = list(range(10)) * 5
CHANGED = [1, 1, *DIGITS[2:]]  # the first image, a 0, is predicted as 1
PLOTS = {
    "learning_curves",
    "confusion_matrix",
    "precision_and_recall",
    "reliability",
    "worst_mistakes",
    "first_layer_filters",
}


def test_every_plot_is_written_sharp_and_on_a_light_ground(tmp_path: Path) -> None:
    files = write_plots(tmp_path / "figures", make_results(DIGITS, CHANGED, DIGITS))
    assert {file.stem for file in files} == PLOTS | {"changed_digits"}
    for file in files:
        pixels = imread(file)
        height, width, _ = pixels.shape
        assert width == 1280, file
        assert 250 <= height <= 1400, file
        assert pixels[0, 0, :3].min() == 1, f"{file} has no white margin"
        drawn = (pixels[..., :3].min(axis=2) < 0.9).mean()
        assert 0.005 < drawn < 0.9, f"{file}: {drawn:.1%} is drawn on"


def test_without_a_champion_there_is_nothing_to_compare(tmp_path: Path) -> None:
    assert {file.stem for file in write_plots(tmp_path, make_results(DIGITS, DIGITS))} == PLOTS


def test_a_model_without_mistakes_or_with_nothing_else_is_drawn_too(tmp_path: Path) -> None:
    for guesses in (DIGITS, [(digit + 1) % 10 for digit in DIGITS]):
        files = write_plots(tmp_path, make_results(DIGITS, guesses, DIGITS))
        assert all(file.stat().st_size > 5000 for file in files)


def test_drawing_leaves_no_global_state_behind(tmp_path: Path) -> None:
    import matplotlib

    before = dict(matplotlib.rcParams)
    write_plots(tmp_path, make_results(DIGITS, CHANGED))
    assert dict(matplotlib.rcParams) == before


def test_the_worst_mistake_is_the_one_that_left_the_truth_the_least() -> None:
    results = make_results([1, 2, 3], [2, 3, 4])
    results.probabilities[:] = [
        probabilities_for([2], 0.5)[0],
        probabilities_for([3], 0.99)[0],
        probabilities_for([4], 0.7)[0],
    ]
    assert results.mistakes.tolist() == [1, 2, 0]


def test_calibration_error_is_that_of_a_hand_made_case() -> None:
    """Four images at 90 %, of which 3 are right, and one at 50 % that is right."""
    probabilities = np.concatenate(
        [probabilities_for([1, 2, 3, 4], 0.9), probabilities_for([5], 0.5)]
    )
    found = reliability_bins(probabilities, np.array([True, True, True, False, True]))
    assert found.counts.tolist() == [1, 4]
    assert found.accuracy.tolist() == [1, 0.75]
    assert found.calibration_error == pytest.approx((1 * 0.5 + 4 * 0.15) / 5)
    below, above = found.interval_margins()
    assert (found.accuracy - below >= 0).all()
    assert (found.accuracy + above <= 1 + 1e-12).all()


@pytest.mark.parametrize(
    ("hits", "count", "interval"),
    [(8, 10, (0.4902, 0.9433)), (0, 10, (0, 0.2775)), (10, 10, (0.7225, 1)), (1, 1, (0.2065, 1))],
)
def test_an_interval_of_accuracy_is_wilsons(
    hits: int, count: int, interval: tuple[float, float]
) -> None:
    """As in tables: of 10, z² / (10 + z²) is 0.2775."""
    assert wilson_interval(hits, count) == pytest.approx(interval, abs=5e-5)


def test_full_confidence_falls_into_the_last_bin() -> None:
    found = reliability_bins(probabilities_for([1, 2], 1.0), np.array([True, True]))
    assert found.counts.tolist() == [2]
    assert found.calibration_error == 0


def test_mcnemar_counts_the_digits_on_which_two_models_differ() -> None:
    """1 won and 5 lost: both sides of 6 coins, 2 * (1 + 6) / 64."""
    candidate = np.array([True] + [False] * 5 + [True, False])
    champion = np.array([False] + [True] * 5 + [True, False])
    found = compare(candidate, champion)
    assert found.won.tolist() == [0]
    assert found.lost.tolist() == [1, 2, 3, 4, 5]
    assert found.p_value == pytest.approx(14 / 64)
    assert found.one_sided_p_value == pytest.approx(7 / 64) == one_sided_p_value(5, 6)
    assert compare(champion, candidate).p_value == found.p_value


@pytest.mark.parametrize("correct", [[True, False], [False, False]])
def test_models_that_are_correct_on_the_same_digits_do_not_differ(correct: list[bool]) -> None:
    assert compare(np.array(correct), np.array(correct)).p_value == 1


def test_a_rotation_turns_clockwise_and_back() -> None:
    image = np.zeros((28, 28), np.float32)
    image[4:8, 13:15] = 1  # at the top
    row = image.reshape(1, 784)
    assert rotate(row, 90).reshape(28, 28)[13:15, 20:24] == pytest.approx(1, abs=1e-4)
    assert rotate(rotate(row, 90), -90) == pytest.approx(row, abs=1e-4)
    assert rotate(row, 0) == pytest.approx(row, abs=1e-4)


def test_thinning_takes_a_pixel_off_every_edge() -> None:
    image = np.zeros((28, 28), np.float32)
    image[10:15, 10:13] = 0.7
    wanted = np.zeros((28, 28), np.float32)
    wanted[11:14, 11] = 0.7
    assert (thin(image.reshape(1, 784)).reshape(28, 28) == wanted).all()


def test_a_shift_loses_what_leaves_the_image() -> None:
    image = np.zeros((28, 28), np.float32)
    image[0, 0] = image[27, 27] = 1
    moved = shift(image.reshape(1, 784), 4, 2).reshape(28, 28)
    assert moved[2, 4] == 1
    assert moved.sum() == 1


def test_robustness_is_measured_by_predictions() -> None:
    """A model that always predicts 1 is right on two of three, whatever is done to them."""
    results = make_results([1, 1, 0], [1, 1, 0])
    seen: list[np.ndarray] = []

    def predict(pixels: np.ndarray) -> np.ndarray:
        seen.append(pixels)
        return probabilities_for([1] * len(pixels))

    measured = measure_robustness(predict, results.test)
    assert [each.name for each in measured] == ["turned_left", "turned_right", "thin", "off_centre"]
    assert all(each.accuracy == pytest.approx(2 / 3) for each in measured)
    assert len(seen) == 7
    for pixels in seen:
        assert pixels.shape == (3, 784)
        assert pixels.dtype == np.float32
        assert 0 <= pixels.min() <= pixels.max() <= 1
