"""Values as TeX: nothing that a run holds may break the report or change its meaning."""

import pytest

from report.tex import escape, number, percent, rounded, setting


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("50 % & more", r"50 \% \& more"),
        ("a_b#c$d", r"a\_b\#c\$d"),
        (r"\input{x}", r"\textbackslash{}input\{x\}"),
        ("^~", r"\textasciicircum{}\textasciitilde{}"),
        ("two\n\nparagraphs", "two paragraphs"),
        ("Léa", "Léa"),
    ],
)
def test_what_tex_would_obey_is_printed(text: str, wanted: str) -> None:
    assert escape(text) == wanted


def test_the_separators_are_left_to_the_language() -> None:
    assert number(1234567.891, 2) == r"1{\sep}234{\sep}567{\dec}89"
    assert percent(0.98765) == r"98{\dec}77"  # half to even does not apply: it is .765 and a bit
    assert number(float("nan"), 2) == "nan"


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        (0.6682, r"0{\dec}67"),
        (0.0123, r"0{\dec}012"),
        (12.3, "12"),
        (1.0, r"1{\dec}0"),
        (0, "0"),
        (3.2e-9, r"\ensuremath{3{\dec}2\cdot 10^{-9}}"),
    ],
)
def test_two_digits_say_enough(value: float, wanted: str) -> None:
    assert rounded(value) == wanted


@pytest.mark.parametrize(("text", "wanted"), [("0.0015", r"0{\dec}0015"), ("10.0", "10")])
def test_a_setting_is_shown_as_it_was_set(text: str, wanted: str) -> None:
    assert setting(text) == wanted
