"""The trial of a network: once, in a process of its own, before any worker loads it."""

import logging
import os
import signal
import subprocess

import msgspec

from mnist_api.model.child_process import run_child
from mnist_api.model.onnx_model import NetworkRefusedError

SECONDS = 60.0  # of the clock; a process that has not used up its seconds by then had no chance
INHERITED = ("PATH", "LD_LIBRARY_PATH", "PYTHONHOME", "PYTHONPYCACHEPREFIX")
ONE_THREAD = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}

log = logging.getLogger(__name__)


class NotTriedError(Exception):
    """The trial did not come to an end, and that may be this machine's fault."""


def try_network(content: bytes) -> None:
    """Try the ONNX file ``content``. Raises NetworkRefusedError, NotTriedError."""
    log.info("A network of %d bytes is tried in a process of its own.", len(content))
    environ = {name: os.environ[name] for name in INHERITED if name in os.environ} | ONE_THREAD
    try:
        ended = run_child("model.trial_process", [], environ, content, SECONDS)
    except OSError as error:
        raise NotTriedError(f"the process to try it in can't be started ({error})") from error
    except subprocess.TimeoutExpired as error:
        raise NotTriedError(f"trying it took longer than {SECONDS:g} s") from error
    if ended.returncode == -signal.SIGKILL:
        raise NotTriedError("the process that tried it was killed, perhaps for want of memory")
    if ended.returncode == -signal.SIGXCPU:
        raise NetworkRefusedError("trying it takes too long: it is too large or too slow")
    if ended.returncode < 0:
        name = signal.Signals(-ended.returncode).name
        raise NetworkRefusedError(f"ONNX Runtime crashes on it ({name})")
    try:
        reason = msgspec.json.decode(ended.stdout, type=str | None)
    except msgspec.MsgspecError as error:
        raise NotTriedError(f"the process that tried it ended with {ended.returncode}") from error
    if reason is not None:
        raise NetworkRefusedError(reason)
