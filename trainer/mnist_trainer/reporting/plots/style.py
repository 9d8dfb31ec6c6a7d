"""Style of all plots: legible at a width of 800 pixels, safe for colour blindness."""

from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

DPI = 160
WIDTH = 8.0  # inches: 1280 pixels

# Okabe and Ito's palette, told apart with any kind of colour blindness
BLUE, ORANGE, VERMILION, GREY = "#0072B2", "#E69F00", "#D55E00", "#666666"

STYLE: dict[Any, Any] = {  # matplotlib's own type lists its 300 settings by name
    "font.family": "DejaVu Sans",  # ships with matplotlib: the same on every machine
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
    """Return an empty figure, ``height`` inches high; without pyplot's global state."""
    return Figure(figsize=(WIDTH, height), layout="constrained")


def hide_axes(axes: Axes) -> None:
    """Remove frame, ticks and grid."""
    axes.set_axis_off()
