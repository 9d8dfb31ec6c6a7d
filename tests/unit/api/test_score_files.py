"""Files of a digit score that are refused."""

import io
import zipfile

import numpy as np
import pytest

from mnist_api.model.digit_score import load_score
from mnist_api.model.onnx_model import ModelRefusedError
from support.score_files import score_file


def rewrite(name: str, content: bytes) -> bytes:
    """Return a score's file with one of its entries replaced."""
    file = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(score_file())) as before, zipfile.ZipFile(file, "w") as after:
        for entry in before.namelist():
            after.writestr(entry, content if entry == name else before.read(entry))
    return file.getvalue()


HUGE_HEADER = (
    np.lib.format.magic(1, 0)
    + (118).to_bytes(2, "little")
    + (
        b"{'descr': '<f4', 'fortran_order': False, 'shape': (10, 999999999, 784)}".ljust(117)
        + b"\n"
    )
)


def bomb() -> bytes:
    """Return an archive of 10 kB that unpacks to 8 MB."""
    file = io.BytesIO()
    np.savez_compressed(file, means=np.zeros((10, 784, 256), np.float32))
    return file.getvalue()


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        pytest.param(b"no archive", "not a file that NumPy reads", id="no archive"),
        pytest.param(score_file()[:-40], "not a file that NumPy reads", id="cut off"),
        pytest.param(bomb(), "more than 4 MB", id="bomb"),
        pytest.param(rewrite("means.npy", HUGE_HEADER), "not a file that NumPy", id="huge header"),
        pytest.param(rewrite("means.npy", b""), "not a file that NumPy", id="no array"),
        pytest.param(
            score_file(means=np.array([None, {}])), "not a file that NumPy", id="pickled objects"
        ),
        pytest.param(score_file(means=np.zeros((10, 783))), r"means of \(10, 783\)", id="means"),
        pytest.param(
            score_file(components=np.zeros((10, 65, 784), np.float16)), "up to 64", id="many"
        ),
        pytest.param(score_file(bound=0.0), "bound of 0", id="bound of 0"),
        pytest.param(score_file(bound=np.nan), "not finite", id="bound of NaN"),
        pytest.param(
            score_file(means=np.full((10, 784), np.inf)), "not finite", id="means of infinity"
        ),
    ],
)
def test_a_file_that_is_no_score_is_refused(content: bytes, reason: str) -> None:
    with pytest.raises(ModelRefusedError, match=reason):
        load_score(content)
