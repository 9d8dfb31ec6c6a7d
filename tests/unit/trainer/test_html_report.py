"""report.html: one file whose numbers can be counted by hand."""

import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

from mnist_trainer.data.dataset import MNIST_SHA256
from mnist_trainer.reporting import plots
from mnist_trainer.reporting.artifacts import Artifacts, write_artifacts
from support.trainer.example_results import PARAMS, make_results, probabilities_for

TRUTH = list(range(10)) * 3
# against the truth: wrong at 0, 1, 2 and 20; version 3 was wrong at 20, 21
GUESSES = [1, 2, 3, *TRUTH[3:20], 7, *TRUTH[21:]]
BEFORE = [*TRUTH[:20], 7, 7, *TRUTH[22:]]


class Page(HTMLParser):
    """Collects tags, addresses and text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.addresses: list[str] = []
        self.words: list[str] = []
        self.feed(text)
        self.text = re.sub(r"\s+", " ", " ".join(self.words))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.addresses += [value or "" for name, value in attrs if name in ("src", "href")]

    def handle_data(self, data: str) -> None:
        self.words.append(data)


@pytest.fixture
def one_plot(monkeypatch: pytest.MonkeyPatch) -> None:
    """Draw one plot only, as each takes time."""
    monkeypatch.setattr(plots, "PLOTS", {"reliability": plots.PLOTS["reliability"]})


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> tuple[Page, Artifacts]:
    folder = tmp_path_factory.mktemp("run") / "artifacts"
    results = make_results(TRUTH, GUESSES, BEFORE)
    artifacts = write_artifacts(
        folder, "Run <1>", results, lambda pixels: probabilities_for([0] * len(pixels))
    )
    return Page((folder / "report.html").read_text("utf-8")), artifacts


def test_the_plots_are_embedded_and_nothing_is_fetched_or_run(
    written: tuple[Page, Artifacts],
) -> None:
    page, _ = written
    assert page.tags.count("img") == 7
    assert len(page.addresses) == 7
    assert all(address.startswith("data:image/png;base64,") for address in page.addresses)
    assert "script" not in page.tags
    assert "link" not in page.tags


def test_its_numbers_are_those_of_a_hand_count(written: tuple[Page, Artifacts]) -> None:
    text = written[0].text
    assert "test images 30 " in text
    assert "mistakes among them 4 " in text
    assert "accuracy 86.67% " in text
    assert "training, seconds 6.0 " in text
    assert "with accuracy 93.33% on the same images" in text
    assert "Images that changed from right to wrong: 3 ; from wrong to right: 1 ." in text
    assert "p = 0.625 " in text  # 2 * (4 + 1) / 16, of four coins
    assert "with p = 0.312." in text  # (4 + 1) / 16
    assert "thin: one pixel taken off every bright edge 10.00%" in text
    assert "shot noise 10.00%" in text
    assert "mean of the 15 corruptions 10.00%" in text


def test_every_digit_that_changed_is_named(written: tuple[Page, Artifacts]) -> None:
    text = written[0].text
    lost = text[text.index("3 from right to wrong") : text.rindex("1 from wrong to right")]
    assert lost.endswith("this model predicts 0 0 0 1 1 1 1 2 2 2 2 3 ")
    assert "this model predicts 21 1 7 1 " in text


def test_every_parameter_is_there_as_text(written: tuple[Page, Artifacts]) -> None:
    """A value with `<b>` in it is escaped."""
    page, _ = written
    for name, value in PARAMS.items():
        assert f"{name} {value} " in page.text
    assert "Run <1>" in page.text
    assert "b" not in page.tags
    assert f"pixels and labels: {MNIST_SHA256}" in page.text


@pytest.mark.usefixtures("one_plot")
def test_what_looks_like_html_or_a_template_is_text(tmp_path: Path) -> None:
    hostile = """"'><script src=//evil.example></script>{{ 7 * 7 }}{% raise %}"""
    names = ("dataset", "dataset_sha256", "layers", "version_keras", hostile)
    results = replace(make_results(TRUTH, GUESSES, BEFORE), params=dict.fromkeys(names, hostile))
    write_artifacts(tmp_path, hostile, results, lambda pixels: probabilities_for([0] * len(pixels)))
    page = Page((tmp_path / "report.html").read_text("utf-8"))
    assert "script" not in page.tags
    assert page.text.count(hostile) == 9  # two titles, five values, a name and the digest
    assert all(address.startswith("data:image/png;base64,") for address in page.addresses)


def test_the_same_numbers_go_to_the_metrics(written: tuple[Page, Artifacts]) -> None:
    numbers = written[1].metrics
    # four of 30 are wrong, and all have a confidence of 80 %: |26/30 - 0.8|
    assert numbers.pop("calibration_error") == pytest.approx(26 / 30 - 0.8, abs=1e-6)
    assert numbers == pytest.approx(
        {
            "test_images": 30,
            "test_mistakes": 4,
            "compared_with": 3,
            "digits_lost": 3,
            "digits_won": 1,
            "mcnemar_p": 0.625,
            **{f"accuracy_{each.name}": 0.1 for each in written[1].robustness},
        }
    )


@pytest.mark.usefixtures("one_plot")
def test_without_a_champion_it_says_so(tmp_path: Path) -> None:
    results = make_results(TRUTH, GUESSES)
    artifacts = write_artifacts(
        tmp_path, "Run", results, lambda pixels: probabilities_for([0] * len(pixels))
    )
    text = Page((tmp_path / "report.html").read_text("utf-8")).text
    assert "There was no champion to compare with." in text
    assert "mcnemar_p" not in artifacts.metrics
