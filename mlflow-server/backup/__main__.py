"""`python -m backup create > ARCHIVE`, and `python -m backup restore [--replace] < ARCHIVE`.

With the settings of the tracking server: see start.py.
"""

import argparse
import os
import signal
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO

from credentials import connection_settings
from signals import exit_on_signals

from backup.archive import BLOCK
from backup.progress import progress


def main() -> int:
    """Run the command that the arguments name; return the exit code."""
    arguments = _build_parser().parse_args()
    exit_on_signals()
    if arguments.command == "create" and arguments.stop_with_input:
        threading.Thread(target=_stop_at_end_of_input, daemon=True).start()
    # these imports take seconds, in which a signal is to end the program as well
    from failures import FAILURES, explain

    from backup.create import create_archive
    from backup.restore import restore_archive

    stack = os.environ["BACKEND_STORE_URI"], os.environ["ARTIFACTS_DESTINATION"]
    try:
        os.environ.update(connection_settings(os.environ))
        if arguments.command == "create":
            create_archive(*stack, sys.stdout.buffer)
        else:
            with _seekable(sys.stdin.buffer) as archive:
                restore_archive(*stack, archive, replace=arguments.replace)
    except FAILURES as error:
        print(explain(error), file=sys.stderr)
        return 1
    return 0


def _build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m backup", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    create = commands.add_parser("create", help="write an archive to standard output")
    create.add_argument(
        "--stop-with-input", action="store_true", help="stop when standard input ends"
    )
    restore = commands.add_parser("restore", help="restore an archive from standard input")
    restore.add_argument("--replace", action="store_true", help="replace the data of the stack")
    return parser


def _stop_at_end_of_input() -> None:
    """In a container nothing else tells that the command which began the backup has ended."""
    os.read(sys.stdin.fileno(), 1)
    os.kill(os.getpid(), signal.SIGTERM)


@contextmanager
def _seekable(archive: BinaryIO) -> Iterator[BinaryIO]:
    """Give the archive or, as it is read more than once, a copy of what comes by a pipe."""
    if archive.seekable():
        yield archive
    else:
        with tempfile.TemporaryFile() as copy:
            with progress("Received") as counter:
                while block := archive.read(BLOCK):
                    counter.add_bytes(copy.write(block))
                counter.add_file()
            yield copy


if __name__ == "__main__":
    sys.exit(main())
