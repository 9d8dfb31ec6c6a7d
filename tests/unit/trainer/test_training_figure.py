"""The figure in docs/training.md: UPDATE_SCREENSHOT=1 make test-unit-trainer draws it again."""

import os
from pathlib import Path

import numpy as np
from matplotlib.image import imread

from support.processes import ROOT
from support.trainer.training_figure import draw_figure

FILE = ROOT / "docs" / "training-images.png"
MAX_DIFFERENCE = 0.02  # of black to white, on average: another version of matplotlib
LARGEST = 150_000  # bytes


def test_the_figure_shows_what_a_training_sees(tmp_path: Path) -> None:
    drawn = tmp_path / FILE.name
    draw_figure(drawn)
    if os.environ.get("UPDATE_SCREENSHOT"):
        FILE.write_bytes(drawn.read_bytes())
    assert FILE.stat().st_size < LARGEST
    now, stored = imread(drawn), imread(FILE)
    assert now.shape == stored.shape
    assert np.abs(now - stored).mean() < MAX_DIFFERENCE
