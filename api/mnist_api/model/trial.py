"""The trial of a model: in a child process, once, before any worker loads the model."""

import logging
import os
import signal
import subprocess

import msgspec

from mnist_api.model.child_process import run_child
from mnist_api.model.onnx_model import ModelRefusedError

SECONDS = 60.0  # wall clock; the child's CPU time is bounded as well
INHERITED = ("PATH", "LD_LIBRARY_PATH", "PYTHONHOME", "PYTHONPYCACHEPREFIX")
ONE_THREAD = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}

log = logging.getLogger(__name__)


class TrialIncompleteError(Exception):
    """The trial has no result, possibly because of this machine's state."""


def try_model(content: bytes) -> None:
    """Try the ONNX file ``content``. Raises ModelRefusedError, TrialIncompleteError."""
    log.info("Trying a model of %d bytes in a child process.", len(content))
    environ = {name: os.environ[name] for name in INHERITED if name in os.environ} | ONE_THREAD
    try:
        ended = run_child("model.trial_process", [], environ, content, SECONDS)
    except OSError as error:
        raise TrialIncompleteError(f"the child process can't be started ({error})") from error
    except subprocess.TimeoutExpired as error:
        raise TrialIncompleteError(f"the trial took longer than {SECONDS:g} s") from error
    if ended.returncode == -signal.SIGKILL:
        raise TrialIncompleteError("the child process was killed, perhaps because memory is short")
    if ended.returncode == -signal.SIGXCPU:
        raise ModelRefusedError("its trial takes too long: it is too large or too slow")
    if ended.returncode < 0:
        name = signal.Signals(-ended.returncode).name
        raise ModelRefusedError(f"ONNX Runtime crashes on it ({name})")
    try:
        reason = msgspec.json.decode(ended.stdout, type=str | None)
    except msgspec.MsgspecError as error:
        raise TrialIncompleteError(
            f"the child process ended with exit code {ended.returncode}"
        ) from error
    if reason is not None:
        raise ModelRefusedError(reason)
