"""Fashion-MNIST is told from digits by the score of a network that has never seen it."""

import subprocess
from pathlib import Path

import numpy as np
import pytest

from mnist_trainer.data.dataset import SHIPPED, load_dataset
from mnist_trainer.evaluation.digit_score import LOWEST, fit_digit_score
from mnist_trainer.evaluation.metrics import predict
from mnist_trainer.training.loop import fit
from mnist_trainer.training.model import build_model
from mnist_trainer.training.recipes import RECIPES

PACKAGE = "dataset-fashion-mnist"  # Debian's
FOLDER = Path("usr/share/datasets/fashion-mnist")

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def fashion(tmp_path_factory: pytest.TempPathFactory) -> np.ndarray:
    """The 10,000 test images of Fashion-MNIST, float32 [n, 784]; installed, or from Debian."""
    if (installed := Path("/") / FOLDER).is_dir():
        return load_dataset(installed).test.pixels()
    folder = tmp_path_factory.mktemp("fashion")
    script = f"apt-get download {PACKAGE} || (apt-get update && apt-get download {PACKAGE})"
    try:
        subprocess.run(
            ["sh", "-c", script], cwd=folder, check=True, capture_output=True, timeout=120
        )
        subprocess.run(["dpkg", "-x", *folder.glob("*.deb"), folder], check=True)
    except (OSError, subprocess.SubprocessError):
        pytest.skip(f"Debian's package {PACKAGE} cannot be had here")
    return load_dataset(folder / FOLDER).test.pixels()


def test_fashion_is_told_from_digits(fashion: np.ndarray) -> None:
    """Area under the receiver operating characteristic at least 0.99."""
    data = load_dataset(SHIPPED)
    recipe = RECIPES["quick"]
    model = build_model(recipe.hidden, 0)
    for _ in fit(model, data.train, data.validation, recipe, 0):
        pass
    score = fit_digit_score(data.train, data.validation, predict(model, data.validation.pixels()))
    digits = score.compute(data.test.pixels(), predict(model, data.test.pixels()))
    clothes = score.compute(fashion, predict(model, fashion))
    assert np.mean(digits < LOWEST) <= 0.005
    assert np.searchsorted(np.sort(clothes), digits).mean() / len(clothes) >= 0.99
