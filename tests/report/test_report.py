"""`make report`: from the tracking server to a PDF, in two languages."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from report.build import NEEDED, choose_language
from report.values import is_plain
from support.processes import ROOT
from support.report import collect, run


def read_values(folder: Path) -> dict[str, str]:
    text = (folder / "report" / "generated" / "values.tex").read_text("utf-8")
    return dict(re.findall(r"\\newcommand\{\\(\w+)\}\{(.*)\}", text))


def test_every_number_is_the_runs_own(collected: Path) -> None:
    values = read_values(collected)
    wanted = {
        "Widths": "784--20--10--10",
        "Weights": r"16{\sep}020",  # 785 * 20 + 21 * 10 + 11 * 10
        "Steps": "369",  # 3 epochs of 123 whole batches
        "LearningRate": r"0{\dec}0015",
        "TrainingImages": r"55{\sep}000",
        "DrawnImages": r"8{\sep}250",
        "TestAccuracy": r"97{\dec}50",
        "TestMistakes": "250",
        "CalibrationError": r"4{\dec}32",
        "ValidationAccuracy": r"98{\dec}00",
        "BestAccuracy": r"98{\dec}50",
        "BestEpoch": "2",
        "ConfusedTruth": "4",
        "ConfusedGuess": "9",
        "ConfusedCount": "25",
        "LimitLeft": r"81{\dec}11",
        "LimitShift": r"54{\dec}44",
        "LimitShotNoise": r"43{\dec}21",
        "LimitCorrupted": r"43{\dec}22",
        "ComparedWith": "4",
        "DigitsLost": "31",
        "McNemarP": r"0{\dec}24",
        "ModelName": r"digits\_\&\_more",
        "Recipe": r"50\%\_\&\_more",
        "Author": r"Ada \& Léa",
        "DataDigest": "ab" * 32,
    }
    assert {name: values[name] for name in wanted} == wanted
    assert len(list((collected / "report" / "generated").glob("*.png"))) == 5


def test_the_texts_take_their_numbers_from_the_run_alone(collected: Path) -> None:
    """Both languages use the same values, and every value that is used is there."""
    known = set(read_values(collected)) | {"DigitRows"}
    used = []
    for language in ("en", "fr"):
        text = (ROOT / "report" / f"text-{language}.tex").read_text("utf-8")
        used.append(set(re.findall(r"\\([A-Z]\w+)", text)) - {"Pr", "Large"})
        assert {name for name in used[-1] if not name.startswith(("Speed", "Pro", "Cor"))} <= known
    assert used[0] == used[1]


@pytest.mark.parametrize(
    ("lang", "words"),
    [
        ("en_US.UTF-8", ("Reading handwritten digits", "97.50", "was not measured")),
        ("fr_FR.UTF-8", ("Lire des chiffres manuscrits", "97,50", "pas été mesurée")),
        ("C", ("Reading handwritten digits", "97.50", "was not measured")),  # and back again
    ],
)
def test_it_becomes_a_pdf_of_four_to_six_pages(
    collected: Path, lang: str, words: tuple[str, ...]
) -> None:
    if missing := missing_tex():
        pytest.skip(missing)
    done = run("report.build", collected, LANG=lang)
    assert done.returncode == 0, done.stderr
    pdf = collected / "report" / "main.pdf"
    assert pdf.read_bytes().startswith(b"%PDF")
    language = choose_language(lang)
    log = (collected / "report" / "build" / language / "main.log").read_text("latin-1")
    pages = re.search(r"\((\d+) pages", log)
    assert pages
    assert 4 <= int(pages[1]) <= 6
    assert "undefined" not in log
    assert "Overfull" not in log
    if shutil.which("pdftotext"):
        asked = subprocess.run(["pdftotext", pdf, "-"], capture_output=True, text=True, check=True)
        text = " ".join(asked.stdout.split())
        for expected in (*words, "Ada & Léa"):
            assert expected in text
        assert "??" not in text


def missing_tex() -> str:
    """Say what of TeX Live is missing here, or nothing."""
    if not all(map(shutil.which, ("latexmk", "pdflatex", "kpsewhich"))):
        return "there is no TeX Live with latexmk"
    found = subprocess.run(["kpsewhich", *NEEDED], capture_output=True, text=True, check=False)
    return "" if len(found.stdout.split()) == len(NEEDED) else "TeX Live is not complete"


def test_a_version_that_was_not_measured_on_corrupted_images_has_a_report_without(
    folder: Path, server: str, uncorrupted: str
) -> None:
    done = collect(folder, server, uncorrupted)
    assert done.returncode == 0, done.stderr
    assert "LimitLeft" in read_values(folder)
    assert "LimitShotNoise" not in read_values(folder)
    assert r"\corruptedfalse" in (folder / "report" / "generated" / "values.tex").read_text("utf-8")


def test_without_tex_and_engine_it_says_which_packages_are_needed(folder: Path) -> None:
    (folder / "report" / "generated").mkdir()
    (folder / "report" / "generated" / "values.tex").touch()
    done = run("report.build", folder, PATH=str(folder))
    assert done.returncode == 2
    assert "apt-get install --no-install-recommends latexmk lmodern" in done.stderr


def test_without_numbers_it_says_how_to_get_them(folder: Path) -> None:
    done = run("report.build", folder)
    assert (done.returncode, done.stdout) == (2, "")
    assert "`make report` fetches them first" in done.stderr


def test_a_run_without_metrics_is_refused_in_a_sentence(
    folder: Path, server: str, bare: str
) -> None:
    done = collect(folder, server, bare)
    assert done.returncode == 2
    assert "has no metrics for a report; `make train` makes one that does." in done.stderr
    assert "Traceback" not in done.stderr


def test_no_version_and_no_server_are_told_apart(folder: Path, server: str) -> None:
    assert "No version of nothing is promoted" in collect(folder, server, "nothing").stderr
    assert "No tracking server answers" in collect(folder, "http://127.0.0.1:9", "any").stderr


@pytest.mark.parametrize("lang", ["fr", "fr_FR.UTF-8", "FR", "fr-CA", "fr.UTF-8", "fr_BE@euro"])
def test_these_locales_mean_french(lang: str) -> None:
    assert choose_language(lang) == "french"


@pytest.mark.parametrize("lang", ["", "C", "C.UTF-8", "en_US.UTF-8", "de_DE", "fry_NL", "frp"])
def test_all_others_mean_english(lang: str) -> None:
    assert choose_language(lang) == "english"


@pytest.mark.parametrize(
    ("layers", "plain"),
    [
        ({}, True),  # a run that was made before there was this parameter
        ({"layers": "Dense 20 relu, Dense 10 relu, Dense 10, Softmax"}, True),
        ({"layers": "Dense 20 tanh, Dense 10 relu, Dense 10, Softmax"}, False),
        ({"layers": "Dense 20 relu, Dropout, Dense 10 relu, Dense 10, Softmax"}, False),
    ],
)
def test_the_formulas_are_those_of_the_layers(layers: dict[str, str], plain: bool) -> None:
    assert is_plain({"hidden": "(20, 10)"} | layers) == plain
