"""The commands of `python -m local`."""

import argparse
import sys

from local.environments import LOCKS, EnvironmentFailedError, make_environment


def main() -> int:
    """Run the command that the arguments name and return its exit code."""
    parser = argparse.ArgumentParser(prog="python -m local", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    environment = commands.add_parser("environment", help="make environments from their locks")
    environment.add_argument("names", nargs="+", choices=LOCKS)
    arguments = parser.parse_args()
    try:
        for name in arguments.names:
            make_environment(name)
    except EnvironmentFailedError as error:
        print(error, file=sys.stderr)
        return 1
    return 0
