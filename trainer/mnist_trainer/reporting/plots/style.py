"""How all figures look: sizes that are legible 800 pixels wide, colours for every eye."""

from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

DPI = 160
WIDTH = 8.0  # inches: 1280 pixels, sharp in print and on fine screens

# Okabe and Ito's palette, told apart with any kind of colour blindness
BLUE, ORANGE, VERMILION, GREY = "#0072B2", "#E69F00", "#D55E00", "#666666"

STYLE: dict[Any, Any] = {  # matplotlib's own type lists its 300 settings by name
    "font.family": "DejaVu Sans",  # ships with matplotlib, so a figure looks alike everywhere
    "font.size": 11,
    "axes.titlesize": 12,
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#E5E5E5",
    "figure.facecolor": "white",
    "image.interpolation": "nearest",
}


def new_figure(height: float) -> Figure:
    """Return an empty figure, ``height`` inches high; no window and no global state behind it."""
    return Figure(figsize=(WIDTH, height), layout="constrained")


def bare(axes: Axes) -> None:
    """Take frame, ticks and grid off a picture."""
    axes.set_axis_off()
