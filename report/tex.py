"""Values as TeX: escaped, with separators that the language of the report decides."""

import math
from collections.abc import Iterable, Mapping
from pathlib import Path

SPECIAL = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "$": r"\$", "&": r"\&", "%": r"\%",
    "#": r"\#", "_": r"\_", "^": r"\textasciicircum{}", "~": r"\textasciitilde{}",
    "<": r"\textless{}", ">": r"\textgreater{}", "|": r"\textbar{}", '"': r"\textquotedbl{}",
}  # fmt: skip


def escape(text: object) -> str:
    """Return ``text`` escaped for TeX, on one line."""
    words = " ".join(str(text).split())
    return "".join(SPECIAL.get(each, each) for each in words)


def number(value: float, decimals: int = 0) -> str:
    r"""Return a number with ``\dec`` and ``\sep``, which the language defines."""
    if not math.isfinite(value):
        return escape(value)
    return f"{value:,.{decimals}f}".replace(",", r"{\sep}").replace(".", r"{\dec}")


def percent(share: float, decimals: int = 2) -> str:
    """Return a share of 1 in percent, without the sign."""
    return number(100 * share, decimals)


def rounded(value: float, digits: int = 2) -> str:
    """Return a number to so many significant digits, never as 1e-05."""
    if not value:
        return "0"
    exponent = math.floor(math.log10(abs(value)))
    if exponent < -4:
        return (
            rf"\ensuremath{{{number(value / 10.0**exponent, digits - 1)}\cdot 10^{{{exponent}}}}}"
        )
    return number(value, max(0, digits - 1 - exponent))


def setting(text: str) -> str:
    """Return a number with as many decimals as it needs, 0.1 and not 0.100."""
    value = float(text)
    plain = f"{value:.10f}".rstrip("0")
    return number(value, len(plain.partition(".")[2]))


def rows(table: Iterable[Iterable[str]]) -> str:
    """Return the lines of a tabular, cells that are TeX already."""
    return "\n".join(" & ".join(cells) + r" \\" for cells in table)


def write_values(file: Path, values: Mapping[str, str], facts: Mapping[str, bool]) -> None:
    r"""Write a ``\newcommand`` for each value and an ``\if...`` for each fact."""
    lines = [r"\newcommand{" + f"\\{name}" + "}{" + text + "}" for name, text in values.items()]
    for name, holds in facts.items():
        lines += [rf"\newif\if{name}", rf"\{name}{'true' if holds else 'false'}"]
    file.write_text("\n".join(lines) + "\n", "utf-8")
