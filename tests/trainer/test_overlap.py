"""Two trainings at once: of two promotions over one champion, the later is judged again.

Real processes and a real registry; what each version predicts is given.
"""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from mlflow import MlflowClient

from mnist_trainer.settings import Settings
from mnist_trainer.tracking.registry import Registry
from mnist_trainer.tracking.version import list_promoted
from support.processes import ROOT
from support.trainer.trainings import alias_of, register_versions

pytestmark = pytest.mark.slow

IMAGES = 1000
# Images that are misclassified: 36 of the champion, 20 and 22 of two good ones. WORSE has 36, which
# is no worse than the champion, and worse than GOOD beyond chance.
CHAMPION, GOOD, EQUAL, WORSE = range(40, 76), range(20), range(20, 42), range(20, 56)
SCRIPT = ROOT / "tests" / "support" / "trainer" / "promoting.py"
SECONDS = 300


@pytest.fixture
def registry(settings: Settings, client: MlflowClient) -> Registry:
    """A registry with three versions, the first of them promoted."""
    registry = register_versions(settings, client, 3)
    registry.promote(registry.find(1), over=None)
    return registry


def promote_at_once(registry: Registry, folder: Path, last: int) -> dict[int, str]:
    """Promote versions 2 and 3 in two processes; the one that is ``last`` moves the alias last."""
    (folder / "last").write_text(str(last))
    processes = {
        number: subprocess.Popen(
            [sys.executable, SCRIPT, registry.uri, registry.name, str(number), folder],
            env=os.environ | {"PYTHONPATH": str(ROOT / "trainer")},
            stdout=subprocess.PIPE,
            text=True,
        )
        for number in (2, 3)
    }
    try:
        outputs = {each: one.communicate(timeout=SECONDS)[0] for each, one in processes.items()}
    finally:
        for process in processes.values():
            process.kill()
    assert all(process.returncode == 0 for process in processes.values())
    return {number: output.splitlines()[-1] for number, output in outputs.items()}


def predict(folder: Path, **wrong: range) -> None:
    for name, images in wrong.items():
        correct = np.ones(IMAGES, bool)
        correct[images.start : images.stop] = False
        np.save(folder / f"{name.removeprefix('v')}.npy", correct)


@pytest.mark.parametrize("last", [2, 3])
def test_the_worse_one_does_not_stay_whoever_moves_the_alias_last(
    registry: Registry, settings: Settings, client: MlflowClient, tmp_path: Path, last: int
) -> None:
    """Both pass against version 1; version 3 would not pass against version 2, nor 2 after 3."""
    predict(tmp_path, v1=CHAMPION, v2=GOOD, v3=WORSE)
    said = promote_at_once(registry, tmp_path, last)
    second, third = registry.find(2), registry.find(3)
    if third.promoted_at:  # it was the earlier one, which the better one may replace
        assert said[3].startswith("True passed")
        assert second.tags["promoted_over"] == "3"
    else:
        assert said[3].startswith("False worse beyond chance: 36 images lost and 20 won against")
        assert third.tags["gate"] == said[3].removeprefix("False ")
        assert third.tags["gate"].endswith("version 2, promoted at the same time")
        assert second.tags["promoted_over"] == "1"
        assert [each.number for each in list_promoted(registry.versions())] == [2, 1]
    assert said[2].startswith("True passed")
    assert alias_of(settings, client) == "2"
    assert second.tags["promotion"] == "done"


@pytest.mark.parametrize("last", [2, 3])
def test_of_equal_ones_the_later_replaces_the_earlier(
    registry: Registry, settings: Settings, client: MlflowClient, tmp_path: Path, last: int
) -> None:
    predict(tmp_path, v1=CHAMPION, v2=GOOD, v3=EQUAL)
    said = promote_at_once(registry, tmp_path, last)
    assert [each.split()[:2] for each in said.values()] == [["True", "passed"]] * 2
    earlier, later = sorted((registry.find(2), registry.find(3)), key=lambda each: each.promoted_at)
    assert alias_of(settings, client) == str(later.number)
    assert later.tags["promoted_over"] == str(earlier.number)
    assert earlier.tags["promoted_over"] == "1"


def test_two_first_trainings_at_once_are_compared_as_well(
    registry: Registry, settings: Settings, client: MlflowClient, tmp_path: Path
) -> None:
    client.delete_registered_model_alias(settings.model_name, "Production")
    predict(tmp_path, v2=GOOD, v3=range(20, 120))
    promote_at_once(registry, tmp_path, last=3)
    assert alias_of(settings, client) == "2"
