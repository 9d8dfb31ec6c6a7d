"""The ONNX model: an ONNX file, loaded into ONNX Runtime and checked."""

import os
from bisect import bisect_left
from collections.abc import Callable, Iterable
from math import isfinite
from time import thread_time
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from mnist_api.signature import CLASSES, PIXELS

if TYPE_CHECKING:
    from onnxruntime import InferenceSession  # type: ignore[import-untyped] # it ships no types

# Batch sizes. No others are run, so that the trial covers all of them.
BATCHES = (1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128)
WARM_UP_BATCHES = (1, 1, 3, 16)  # the first runs are slower than the rest
MAX_LOAD_SECONDS = 5.0  # CPU time
MAX_IMAGE_SECONDS = 0.05  # CPU time; small requests are handled in the event loop
SESSION_SETTINGS = {
    "session.load_model_format": "ONNX",  # not ORT's own format, which onnx_rules.py cannot read
    "session.model_external_initializers_file_folder_path": os.devnull,  # so that none is found
}


class ModelRefusedError(Exception):
    """A file that cannot be activated; the message says why, in one printable line."""

    def __init__(self, reason: str) -> None:
        line = "".join(character if character.isprintable() else "?" for character in reason)
        super().__init__(line if len(line) <= 300 else f"{line[:299]}…")


class NotFiniteError(Exception):
    """The model's output for some pixels is not finite."""


class OnnxModel:
    """A loaded ONNX model; thread-safe."""

    def __init__(self, session: "InferenceSession") -> None:
        self._run = session.run
        self._input = session.get_inputs()[0].name
        self.observe: Callable[[NDArray[np.float32]], None] = _ignore
        self.sample: Callable[[NDArray[np.float32], NDArray[np.float32], bool], None] = _ignore

    def predict(
        self, images: NDArray[np.float32], are_pictures: bool = False
    ) -> NDArray[np.float32]:
        """Return the probabilities, float32 [n, 10], of ``images``, float32 [n, 784] in 0 to 1.

        n is at most the largest of BATCHES; ``are_pictures`` says that they were prepared from
        pictures. Raises NotFiniteError.
        """
        probabilities = self.infer(images)
        self.observe(probabilities)
        self.sample(images, probabilities, are_pictures)
        return probabilities

    def infer(self, images: NDArray[np.float32]) -> NDArray[np.float32]:
        """Do as ``predict`` does, uncounted."""
        count = len(images)
        probabilities: NDArray[np.float32]
        if count in BATCHES:
            probabilities = self._run(None, {self._input: images})[0]
        else:
            padded = np.zeros((BATCHES[bisect_left(BATCHES, count)], PIXELS), np.float32)
            padded[:count] = images
            probabilities = self._run(None, {self._input: padded})[0][:count]
        if not isfinite(np.vdot(probabilities, probabilities)):  # faster than isfinite().all()
            raise NotFiniteError("the output is not finite")
        return probabilities


def import_runtime() -> None:
    """Import ONNX Runtime, so that later loads don't wait for it; it starts no thread."""
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"  # read once, while it is imported
    import onnxruntime  # noqa: F401


def runtime_version() -> str:
    """Return ONNX Runtime's version."""
    import_runtime()
    import onnxruntime

    return str(onnxruntime.__version__)


def load_model(content: bytes, batches: Iterable[int] = WARM_UP_BATCHES) -> OnnxModel:
    """Load the ONNX file ``content`` and run ``batches``. Raises ModelRefusedError.

    An untried file is to be loaded in a process of its own first: see trial.py.
    """
    import_runtime()
    from onnxruntime import InferenceSession, SessionOptions

    options = SessionOptions()
    options.intra_op_num_threads = 1  # one pool a worker would oversubscribe the cores
    options.inter_op_num_threads = 1
    options.log_severity_level = 4  # the exception has the message that it would print
    for setting, value in SESSION_SETTINGS.items():
        options.add_session_config_entry(setting, value)
    begin = thread_time()
    try:
        session = InferenceSession(content, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # its errors share no base class of their own
        raise ModelRefusedError(f"ONNX Runtime can't load it: {_first_line(error)}") from error
    _check_seconds("loading it", thread_time() - begin, MAX_LOAD_SECONDS)
    _check_signature(session)
    model = OnnxModel(session)
    for count in batches:
        _try_batch(model, count)
    return model


def _ignore(*_: NDArray[np.float32] | bool) -> None:
    """Do nothing: the calls of a trial are not counted."""


def _check_signature(session: "InferenceSession") -> None:
    inputs, outputs = session.get_inputs(), session.get_outputs()
    if len(inputs) != 1 or len(outputs) != 1:
        raise ModelRefusedError(
            f"it has {len(inputs)} inputs and {len(outputs)} outputs, one of each is needed"
        )
    for end, width in ((inputs[0], PIXELS), (outputs[0], CLASSES)):
        if end.type != "tensor(float)" or len(end.shape) != 2 or end.shape[1] != width:
            raise ModelRefusedError(
                f"{end.name} is {end.type} {end.shape}, but float32 [n, {width}] is needed"
            )


def _try_batch(model: OnnxModel, count: int) -> None:
    for images in _make_images(count):
        _try_images(model, images)


def _make_images(count: int) -> list[NDArray[np.float32]]:
    """Return images of increasing brightness; of one image, three more that differ widely."""
    rising = np.linspace(0, 1, count * PIXELS, dtype=np.float32).reshape(count, PIXELS)
    if count > 1:
        return [rising]
    falling = np.ascontiguousarray(rising[:, ::-1])
    return [rising, falling, np.zeros_like(rising), np.ones_like(rising)]


def _try_images(model: OnnxModel, images: NDArray[np.float32]) -> None:
    count = len(images)
    limit = count * MAX_IMAGE_SECONDS
    try:
        probabilities, seconds = _measure(model, images)
        if seconds > limit:  # perhaps by chance: a refusal is final
            seconds = min(seconds, _measure(model, images)[1])
    except Exception as error:  # as above
        raise ModelRefusedError(f"{count} images fail: {_first_line(error)}") from error
    _check_seconds("one image" if count == 1 else f"{count} images", seconds, limit)
    if probabilities.shape != (count, CLASSES):
        raise ModelRefusedError(f"{count} images give a shape of {probabilities.shape}")
    if (probabilities < 0).any() or not np.allclose(probabilities.sum(axis=1), 1, atol=1e-3):
        raise ModelRefusedError("its outputs are not probabilities: they don't add up to 1")


def _measure(model: OnnxModel, images: NDArray[np.float32]) -> tuple[NDArray[np.float32], float]:
    """Return the probabilities and the seconds of CPU time that they took."""
    begin = thread_time()
    probabilities = model.predict(images)
    return probabilities, thread_time() - begin


def _check_seconds(what: str, seconds: float, limit: float) -> None:
    if seconds > limit:
        raise ModelRefusedError(
            f"{what} takes {seconds:.2g} s of CPU time, at most {limit:g} s are allowed"
        )


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")
