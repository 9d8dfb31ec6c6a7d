"""The forms of digits that are drawn: strokes in a box of 1 x 1, x to the right, y down.

Among them are those that MNIST hardly has: a 1 with a flag, a barred 7, an open 4, the segments of
a display.
"""

import math
from collections.abc import Callable

import numpy as np

ARC_STEPS = 14

Point = tuple[float, float]
Strokes = list[list[Point]]
Random = np.random.Generator
Form = Callable[[Random], Strokes]


def _arc(centre: Point, radii: Point, start: float, end: float) -> list[Point]:
    """Return points on an ellipse; angles in degrees, 0 to the right, 90 down."""
    angles = np.radians(np.linspace(start, end, ARC_STEPS))
    xs, ys = centre[0] + radii[0] * np.cos(angles), centre[1] + radii[1] * np.sin(angles)
    return list(zip(xs.tolist(), ys.tolist(), strict=True))


def _jitter(strokes: Strokes, random: Random, by: float = 0.035) -> Strokes:
    """Move each stroke's ends and corners a little."""
    return [
        [(x + random.normal(0, by), y + random.normal(0, by)) for x, y in one] for one in strokes
    ]


def _zero(random: Random) -> Strokes:
    start = random.uniform(-130, -50)
    return [_arc((0.5, 0.5), (0.5, 0.5), start, start + random.uniform(345, 375))]


def _one_with_flag(random: Random) -> Strokes:
    length, angle = random.uniform(0.2, 0.75), math.radians(random.uniform(20, 60))
    tip = (0.6 - length * math.sin(angle) * 1.3, length * math.cos(angle))
    return _jitter([[tip, (0.6, 0.0), (0.6, 1.0)]], random)


def _one_with_base(random: Random) -> Strokes:
    reach = random.uniform(0.15, 0.45)
    return [*_one_with_flag(random), *_jitter([[(0.6 - reach, 1.0), (0.6 + reach, 1.0)]], random)]


def _one_plain(random: Random) -> Strokes:
    return _jitter([[(0.5, 0.0), (0.5, 1.0)]], random)


def _two_round(random: Random) -> Strokes:
    top = _arc((0.5, 0.28), (0.42, 0.28), -170, 35)
    foot = random.uniform(0.85, 1.05)
    return [top + _jitter([[(0.08, 1.0), (foot, 1.0)]], random)[0]]


def _two_angular(random: Random) -> Strokes:
    corners = [(0.1, 0.12), (0.45, 0.0), (0.85, 0.2), (0.05, 1.0), (0.95, 1.0)]
    return _jitter([corners], random)


def _three_round(random: Random) -> Strokes:
    middle = random.uniform(0.42, 0.5)
    upper = _arc((0.42, middle / 2), (0.4, middle / 2), -150, 90)
    lower = _arc((0.42, (1 + middle) / 2), (0.46, (1 - middle) / 2), -90, 150)
    return [upper + lower]


def _three_flat(random: Random) -> Strokes:
    lower = _arc((0.42, 0.7), (0.46, 0.3), -90, 150)
    return [_jitter([[(0.05, 0.0), (0.85, 0.0), (0.4, 0.4)]], random)[0] + lower]


def _four_open(random: Random) -> Strokes:
    bar, top, stem = random.uniform(0.5, 0.68), random.uniform(0, 0.3), random.uniform(0.6, 0.8)
    left = [(random.uniform(0.05, 0.3), 0.0), (0.05, bar), (1.0, bar)]
    return _jitter([left, [(stem, top), (stem - 0.02, 1.0)]], random)


def _four_slanted(random: Random) -> Strokes:
    bar, top, stem = random.uniform(0.5, 0.68), random.uniform(0.1, 0.45), random.uniform(0.6, 0.8)
    left = [(random.uniform(0.35, 0.6), 0.0), (0.0, bar), (1.0, bar + random.normal(0, 0.04))]
    return _jitter([left, [(stem, top), (stem - random.uniform(0, 0.2), 1.0)]], random)


def _four_closed(random: Random) -> Strokes:
    bar, stem = random.uniform(0.58, 0.72), random.uniform(0.62, 0.75)
    return _jitter([[(stem, 1.0), (stem, 0.0), (0.0, bar), (1.0, bar)]], random, 0.025)


def _five(random: Random) -> Strokes:
    waist = random.uniform(0.36, 0.46)
    belly = _arc((0.42, (1 + waist) / 2), (0.46, (1 - waist) / 2), -120, 150)
    return [_jitter([[(0.9, 0.0), (0.15, 0.0), (0.1, waist + 0.05)]], random)[0] + belly]


def _six_curved(random: Random) -> Strokes:
    waist = random.uniform(0.45, 0.6)
    back = _arc((0.95, 0.62), (0.95, 0.62), -100, -180)
    return [back + _arc((0.45, (1 + waist) / 2), (0.45, (1 - waist) / 2), 180, -190)]


def _six_straight(random: Random) -> Strokes:
    loop = _arc((0.5, 0.7), (0.45, 0.3), 190, -170)
    return [_jitter([[(0.7, 0.0)]], random, 0.08)[0] + loop]


def _seven(random: Random) -> Strokes:
    knee = (random.uniform(0.4, 0.6), random.uniform(0.45, 0.6))
    foot = (random.uniform(0.15, 0.5), 1.0)
    hook = [(0.02, random.uniform(0.08, 0.2))] if random.random() < 0.3 else []
    return _jitter([[*hook, (0.0, 0.0), (0.95, 0.0), knee, foot]], random, 0.03)


def _seven_barred(random: Random) -> Strokes:
    height, reach = random.uniform(0.42, 0.58), random.uniform(0.18, 0.4)
    return [*_seven(random), *_jitter([[(0.52 - reach, height), (0.52 + reach, height)]], random)]


def _eight(random: Random) -> Strokes:
    waist, upper = random.uniform(0.42, 0.52), random.uniform(0.32, 0.45)
    return [
        _arc((0.5, waist / 2), (upper, waist / 2), 90, 450),
        _arc((0.5, (1 + waist) / 2), (0.48, (1 - waist) / 2), -90, 270),
    ]


def _nine_curved(random: Random) -> Strokes:
    return [[(1 - x, 1 - y) for x, y in stroke] for stroke in _six_curved(random)]


def _nine_straight(random: Random) -> Strokes:
    loop = _arc((0.45, 0.3), (0.4, 0.3), random.uniform(-50, 0), -370)
    foot = (random.uniform(0.55, 0.9), 1.0)
    return [loop + _jitter([[(0.85, 0.35), foot]], random)[0]]


SEGMENTS = {  # of a seven-segment display
    "top": [(0.0, 0.0), (0.6, 0.0)], "middle": [(0.0, 0.5), (0.6, 0.5)],
    "bottom": [(0.0, 1.0), (0.6, 1.0)], "upper left": [(0.0, 0.0), (0.0, 0.5)],
    "lower left": [(0.0, 0.5), (0.0, 1.0)], "upper right": [(0.6, 0.0), (0.6, 0.5)],
    "lower right": [(0.6, 0.5), (0.6, 1.0)],
}  # fmt: skip
UNLIT = {
    0: ("middle",), 2: ("upper left", "lower right"), 3: ("upper left", "lower left"),
    4: ("top", "bottom", "lower left"), 5: ("upper right", "lower left"), 6: ("upper right",),
    7: ("middle", "bottom", "upper left", "lower left"), 8: (), 9: ("lower left",),
}  # fmt: skip


def _lit(digit: int) -> Form:
    lit = [stroke for name, stroke in SEGMENTS.items() if name not in UNLIT[digit]]
    return lambda random: [list(stroke) for stroke in lit]


FORMS: list[list[Form]] = [
    [_zero, _zero, _zero, _lit(0)],
    [*[_one_with_flag] * 6, _one_with_base, _one_plain],
    [_two_round, _two_round, _two_angular, _lit(2)],
    [_three_round, _three_round, _three_flat, _lit(3)],
    [_four_open, _four_slanted, _four_closed, _lit(4)],
    [_five, _five, _five, _lit(5)],
    [_six_curved, _six_straight, _lit(6)],
    [_seven, _seven_barred, _seven_barred, _lit(7)],
    [_eight, _eight, _eight, _lit(8)],
    [_nine_curved, _nine_straight, _lit(9)],
]
