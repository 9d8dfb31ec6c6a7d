"""`make backup` and `make restore`: the archive's file, and the program that writes or reads it."""

import contextlib
import errno
import fcntl
import gzip
import os
import secrets
import shutil
import signal
import subprocess
import sys
import time
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, cast

from local import programs
from local.environments import ROOT, make_environment
from local.processes import Program, end_with_parent
from local.running import lock_state
from local.settings import Settings

BLOCK = 1 << 20
STOP_TIMEOUTS = {"restore": 60, "collection": 10}  # seconds; a restore undoes what it did
STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class BackupFailedError(Exception):
    """A backup or a restore failed, or cannot begin; the message says why and what to do."""


def backup(settings: Settings, file: str, *, composed: bool) -> int:
    """Write an archive of the running stack, or of a local one, print its path and return 0.

    Raises BackupFailedError.
    """
    path = Path(file or ROOT / "backups" / time.strftime("%Y%m%d-%H%M%S.tar.gz")).absolute()
    if path.exists():
        raise BackupFailedError(f"{path} exists. Name another file: make backup FILE=...")
    print(f"The {'composed' if composed else 'local'} stack to {path}", file=sys.stderr)
    program = programs.composed_backup() if composed else _local(settings, "create")
    streams = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}  # a closed input stops it
    with _complete_or_absent(path) as output, _running(program, **streams) as process:
        shutil.copyfileobj(cast(IO[bytes], process.stdout), output)
    print(path)
    return 0


def restore(settings: Settings, file: str, *, composed: bool, replace: bool) -> int:
    """Restore an archive into a stack that does not run, and return 0.

    Raises BackupFailedError, RunningError, and OSError if there can be no state folder.
    """
    if not file:
        raise BackupFailedError("Name an archive: make restore FILE=...")
    options = ["--replace"] if replace else []
    with _open(file) as archive, contextlib.ExitStack() as stack:
        if composed:
            container = stack.enter_context(_container("restore"))
            program = programs.composed_restore(container, *options)
            _require_stopped()
            for check in programs.composed_checks():
                with _running(check, stdin=subprocess.DEVNULL):
                    pass
        else:
            program = _local(settings, "restore", *options)
            settings.state.mkdir(parents=True, exist_ok=True)
            stack.enter_context(lock_state(settings.state))
        stack.enter_context(_running(program, stdin=archive))
    print(
        "The archive is restored. Start the stack: "
        + ("docker compose up" if composed else "make local")
    )
    return 0


def composed_gc(options: list[str]) -> int:
    """List what nothing needs any more in the composed stack, or remove it, and return 0.

    Raises BackupFailedError.
    """
    with _container("collection") as name, _running(programs.composed_gc(name, options)):
        pass
    return 0


def _open(file: str) -> IO[bytes]:
    try:
        return Path(file).open("rb")
    except OSError as error:
        raise BackupFailedError(
            f"{file} cannot be read: {error.strerror}. Name an archive: make restore FILE=..."
        ) from error


@contextlib.contextmanager
def _container(purpose: str) -> Iterator[str]:
    """Give a name to the container of a command, and stop it: Compose may end without doing so."""
    name = f"{purpose}-{secrets.token_hex(4)}"
    try:
        yield name
    finally:
        subprocess.run(
            ["docker", "stop", f"--time={STOP_TIMEOUTS[purpose]}", name],
            capture_output=True, check=False, start_new_session=True,
        )  # fmt: skip


def _local(settings: Settings, *arguments: str) -> Program:
    make_environment("mlflow-server")
    return programs.backup(settings, *arguments)


def _require_stopped() -> None:
    running = subprocess.run(
        ["docker", "compose", "ps", "--quiet", "mlflow-server"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if running.stdout or running.returncode:
        raise BackupFailedError(running.stderr or "The stack runs. Stop it first: make down")


@contextlib.contextmanager
def _running(program: Program, **streams: Any) -> Iterator[subprocess.Popen[bytes]]:
    """Run a program for the `with` block. Raises BackupFailedError if it fails."""
    for number in STOPPING:
        signal.signal(number, _exit)
    with subprocess.Popen(
        program.command,
        cwd=program.folder,
        env=program.environ,
        preexec_fn=end_with_parent,  # noqa: PLW1509 - this process has a single thread
        **streams,
    ) as process:
        try:
            yield process
            process.wait()
        finally:
            process.terminate()  # if something else failed
    if process.returncode:
        raise BackupFailedError(f"{program.name} failed; see the message above.")


def _exit(number: int, _frame: object) -> None:
    for each in STOPPING:
        signal.signal(each, lambda *_: None)  # until the program has undone what it did
    sys.exit(128 + number)


@contextlib.contextmanager
def _complete_or_absent(path: Path) -> Iterator[IO[bytes]]:
    """Give a file that gets its name when it is complete. Raises BackupFailedError."""
    part = path.with_name(f"{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(os.open(part, os.O_WRONLY | os.O_CREAT, mode=0o600), "wb") as output:
            fcntl.flock(output, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if not _is_at(part, output):
                raise BlockingIOError
            try:
                if path.exists():
                    raise BlockingIOError
                output.truncate(0)  # what a backup that was killed has left
                yield output
                output.flush()
                os.fsync(output.fileno())
                _read_to_the_end(part)
                part.replace(path)
            finally:
                part.unlink(missing_ok=True)
    except BlockingIOError as error:
        raise BackupFailedError(f"Another backup writes {path}, or has just done so.") from error
    except OSError as error:
        if error.errno == errno.ENOSPC:
            raise BackupFailedError(
                f"The disk of {path} is full. Free some space, or name another file with FILE=..."
            ) from error
        raise BackupFailedError(f"{path} cannot be written: {error}.") from error


def _is_at(path: Path, file: IO[bytes]) -> bool:
    """Return whether a file has this name still, which another process may have changed."""
    try:
        return os.path.samestat(path.stat(), os.fstat(file.fileno()))
    except FileNotFoundError:
        return False


def _read_to_the_end(archive: Path) -> None:
    """Have gzip compare its checksum. Raises BackupFailedError."""
    try:
        with gzip.open(archive) as unzipped:
            while unzipped.read(BLOCK):
                pass
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise BackupFailedError(f"The archive did not arrive completely: {error}.") from error
