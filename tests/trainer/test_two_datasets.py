"""Two problems in one registry: each has its own data, versions, gate, alias and rollback."""

from pathlib import Path

import numpy as np
import pytest
from mlflow import MlflowClient

from mnist_trainer.cli import commands
from mnist_trainer.cli.parser import parse_args
from mnist_trainer.data.dataset import SHIPPED
from mnist_trainer.settings import Settings, read_settings
from support.trainer.example_datasets import draw, write_set

pytestmark = pytest.mark.slow

TINY = [
    "train", "--recipe=quick", "--epochs=3", "--hidden=16", "--batch-size=50", "--floor=0.6",
    "--require-promotion",
]  # fmt: skip


def run(settings: Settings, *arguments: str) -> int:
    return commands.run(parse_args(arguments), settings)


@pytest.fixture
def clothes(environment: dict[str, str], tmp_path: Path) -> Settings:
    """Four files of Fashion-MNIST's form, for the alias Production."""
    folder = write_set(tmp_path / "clothes", train=600, test=200)
    name = f"{environment['MODEL_NAME']}-clothes"
    return read_settings(environment | {"DATA_DIR": str(folder), "MODEL_NAME": name}, SHIPPED)


@pytest.fixture
def signs(environment: dict[str, str], tmp_path: Path) -> Settings:
    """An archive for the alias Live; the very same images, but each label means another one."""
    images, labels = draw(700)
    np.savez(tmp_path / "signs.npz", images=images, labels=9 - labels)
    return read_settings(
        environment
        | {
            "DATA_DIR": str(tmp_path / "signs.npz"),
            "MODEL_NAME": f"{environment['MODEL_NAME']}-signs",
            "MODEL_ALIAS": "Live",
        },
        SHIPPED,
    )


def aliases(settings: Settings, client: MlflowClient) -> dict[str, int]:
    found = client.get_registered_model(settings.model_name).aliases
    return {alias: int(number) for alias, number in found.items()}


def listed(settings: Settings, capfd: pytest.CaptureFixture[str]) -> list[str]:
    """Return what `versions` lists of each version, the newest first."""
    capfd.readouterr()
    assert run(settings, "versions") == 0
    return capfd.readouterr().out.splitlines()[1:]


def test_each_problem_has_its_own_versions_champion_and_rollback(
    clothes: Settings, signs: Settings, client: MlflowClient, capfd: pytest.CaptureFixture[str]
) -> None:
    """Trained in turns, so that whoever took the other's version for its own would be found out."""
    assert run(clothes, *TINY) == 0
    capfd.readouterr()
    assert run(signs, *TINY) == 0
    assert "there is no champion: the floor decides alone" in capfd.readouterr().out
    assert run(clothes, *TINY) == 0
    assert "the champion, version 1, has accuracy" in capfd.readouterr().out
    assert aliases(clothes, client) == {"Production": 2}
    assert aliases(signs, client) == {"Live": 1}
    for settings, number in ((clothes, "2"), (signs, "1")):
        version = client.get_model_version(settings.model_name, number)
        assert f"data set `{settings.data_dir.stem}`" in (version.description or "")
        assert "digit_score_sha256" in version.tags
        assert "drift_reference_sha256" not in version.tags, "of 50 validation images there is none"
    second = client.get_model_version(clothes.model_name, "2")
    assert second.tags["promoted_over"] == "1"
    assert second.run_id
    measured = client.get_run(second.run_id).data.metrics
    # the same seed, the same model: against its own champion no image changes
    assert (measured["digits_lost"], measured["digits_won"]) == (0, 0)

    newest, oldest = listed(clothes, capfd)
    assert "Production" in newest
    assert "Production" not in oldest
    (only,) = listed(signs, capfd)
    assert "Live" in only
    assert run(clothes, "rollback") == 0
    assert aliases(clothes, client) == {"Production": 1}
    assert aliases(signs, client) == {"Live": 1}


def test_data_that_stay_below_the_floor_are_refused_with_the_option_that_lowers_it(
    clothes: Settings, client: MlflowClient, capfd: pytest.CaptureFixture[str]
) -> None:
    assert run(clothes, *TINY, "--epochs=1", "--floor=0.97") == 3
    reason = client.get_model_version(clothes.model_name, "1").tags["gate"]
    assert "the option --floor of `train` sets another one" in reason
    assert reason in capfd.readouterr().out
    assert aliases(clothes, client) == {}
