"""What a command does not import."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from support.processes import ROOT


@pytest.mark.slow
def test_a_training_does_not_wait_for_optuna() -> None:
    script = (
        "import json, sys; import mnist_trainer.cli.commands, mnist_trainer.pipeline.train;"
        "print(json.dumps(sorted(sys.modules)))"
    )
    out = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", script],
        cwd=Path(ROOT / "trainer"),
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert not {"optuna", "sqlalchemy", "alembic"} & set(json.loads(out.splitlines()[-1]))
