"""An engine for the container tests where none runs: `python3 -m tests.engine`, see `--help`."""

import argparse
import subprocess
import sys

from tests.engine.baseimages import provide_base_images
from tests.engine.daemon import start_engine, stop_engine
from tests.engine.packages import EngineError, install_missing


def main() -> int:
    """Run the command that the arguments name and return its exit code."""
    parser = argparse.ArgumentParser(prog="python3 -m tests.engine", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("start", help="install what is missing, start an engine if none answers")
    commands.add_parser("stop", help="stop the engine if `start` started it")
    run = commands.add_parser("run", help="start, run a command, stop what was started")
    run.add_argument("arguments", nargs=argparse.REMAINDER, metavar="COMMAND ...")
    arguments = parser.parse_args()
    try:
        if arguments.command == "stop":
            stop_engine()
            return 0
        install_missing()
        started = start_engine()
        try:
            provide_base_images()
            if arguments.command == "run":
                return subprocess.run(arguments.arguments, check=False).returncode
        finally:
            if started and arguments.command == "run":
                stop_engine()
    except EngineError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


sys.exit(main())
