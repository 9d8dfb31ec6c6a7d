"""Types of options: functions that parse a value, or say what is allowed."""

import argparse
import re
from collections.abc import Callable
from typing import Any


def number_between(kind: Any, low: float, high: float) -> Callable[[str], Any]:
    """Return a function that parses a number from ``low`` to ``high``."""

    def parse_number(text: str) -> Any:
        try:
            number = kind(text)
        except ValueError:
            number = None
        if number is None or not low <= number <= high:
            what = "a whole number" if kind is int else "a number"
            raise argparse.ArgumentTypeError(
                f"{text!r} is not allowed, but {what} from {low:g} to {high:g} is"
            )
        return number

    return parse_number


def parse_name(text: str) -> str:
    """Return the name of a study."""
    if not re.fullmatch(r"\w[\w.-]{0,99}", text, re.ASCII):
        raise argparse.ArgumentTypeError(
            f"{text!r} is not allowed, but up to 100 letters, digits, _, - and . are"
        )
    return text


def widths_between(low: int, high: int) -> Callable[[str], tuple[int, ...]]:
    """Return a function that parses whole numbers with commas between them."""
    parse_width = number_between(int, low, high)
    return lambda text: tuple(parse_width(part) for part in text.split(","))


def format_value(value: Any) -> str:
    """Return a value of a recipe as it is written on the command line."""
    return ",".join(map(str, value)) if isinstance(value, tuple) else f"{value:g}"
