"""Writes the API's cache of a registered version: an ONNX file, with a digit score.

Runs in the environment api. Arguments: the ONNX file, the cache folder, the registry's address.
The score has the shape of a trained one, with random numbers.
"""

import hashlib
import io
import sys
from pathlib import Path

import numpy as np

from mnist_api.model.trial import try_model
from mnist_api.model.version import SCORE, Version
from mnist_api.registry.cache import Cache

NAME, ALIAS = "mnist-classifier", "Production"


def main(model: Path, folder: Path, registry: str) -> None:
    """Write the cache as if the version had been active."""
    content, score = model.read_bytes(), _make_score()
    sha256, score_sha256 = (hashlib.sha256(file).hexdigest() for file in (content, score))
    version = Version(NAME, "1", None, None, sha256, score_sha256)
    cache = Cache(folder, NAME, ALIAS, registry)
    cache.obtain(version, lambda _: content, try_model)
    cache.obtain_extra(version, SCORE, lambda *_: score)
    cache.record_active(version)


def _make_score() -> bytes:
    random, file = np.random.default_rng(0), io.BytesIO()
    components = random.normal(0, 784**-0.5, (10, 48, 784)).astype(np.float16)
    np.savez(file, means=random.random((10, 784)), components=components, bound=20.0)
    return file.getvalue()


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3])
