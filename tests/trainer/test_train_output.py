"""What a training prints."""

import pytest

from mnist_trainer.settings import Settings
from support.trainer.trainings import TINIER, command


def test_every_stage_prints_its_line(settings: Settings, capfd: pytest.CaptureFixture[str]) -> None:
    assert command(settings, *TINIER) == 0
    output = capfd.readouterr()
    words = [line.split()[0] for line in output.out.splitlines()]
    assert words == [
        "Run",
        "Data",
        "Model",
        "Epoch",
        "Trained",
        "Calibrated",
        "Files",
        "Test",
        "Version",
        "Gate",
        "Report",
        "Gate",
    ]
    assert output.err == ""
