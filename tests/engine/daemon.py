"""Starts an engine where none answers, and stops the one it started."""

import os
import signal
import subprocess
import time
from pathlib import Path

from tests.engine.packages import EngineError, works

HOME = Path("/var/lib/mnist-engine")  # images and build cache stay here from run to run
LOG = HOME / "dockerd.log"
PID = HOME / "dockerd.pid"
PATIENCE = 60  # seconds to come up, and to stop


def start_engine() -> bool:
    """Start an engine unless one answers; return whether one was started."""
    if works("docker", "info"):
        return False
    print(f"Starting an engine, its data in {HOME}, its log in {LOG} ...", flush=True)
    if os.geteuid() != 0:
        raise EngineError("No engine answers `docker info`. Start Docker, or run this as root.")
    HOME.mkdir(mode=0o700, parents=True, exist_ok=True)
    PID.unlink(missing_ok=True)
    with LOG.open("w") as log:
        daemon = subprocess.Popen(
            ["dockerd", f"--data-root={HOME}/data", f"--exec-root={HOME}/exec", f"--pidfile={PID}"],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,  # it outlives the shell that starts it
        )
    for _ in range(PATIENCE * 2):
        if works("docker", "info"):
            return True
        if daemon.poll() is not None:
            break
        time.sleep(0.5)
    daemon.terminate()
    raise EngineError(f"The engine did not start:\n{LOG.read_text()[-2000:]}")


def stop_engine() -> None:
    """Stop the engine that start_engine started, if it runs; any other is left alone."""
    if not PID.exists():
        return
    pid = int(PID.read_text())
    if f"--pidfile={PID}".encode() not in Path(f"/proc/{pid}/cmdline").read_bytes():
        raise EngineError(f"{PID} names process {pid}, which is no engine of ours: remove {PID}.")
    os.kill(pid, signal.SIGTERM)
    for _ in range(PATIENCE * 2):
        if not PID.exists():
            return
        time.sleep(0.5)
    raise EngineError(f"The engine, process {pid}, did not stop within {PATIENCE} s: see {LOG}.")
