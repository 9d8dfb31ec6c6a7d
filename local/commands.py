"""The stack as processes on this machine, without containers."""

import argparse
import os
import sys

from local import programs
from local.backup import BackupFailedError, backup, composed_gc, restore
from local.environments import LOCKS, EnvironmentFailedError, make_environment
from local.lock import lock
from local.processes import ProcessFailedError, Program
from local.running import RunningError, down
from local.settings import SettingError, read_settings
from local.up import StartRefusedError, up

REFUSALS = (
    BackupFailedError,
    EnvironmentFailedError,
    OSError,
    ProcessFailedError,
    RunningError,
    SettingError,
    StartRefusedError,
)


def main() -> int:
    """Run the command that the arguments name and return its exit code."""
    arguments = _build_parser().parse_args()
    try:
        return _run(arguments)
    except REFUSALS as error:
        print(f"\n{error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def _build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m local", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    up_parser = commands.add_parser("up", help="run tracking server, first training and API")
    up_parser.add_argument("training", nargs="*", help="options of the first training, after --")
    commands.add_parser("down", help="stop what `up` runs in another terminal")
    trainer = commands.add_parser("trainer", help="run a command of the trainer", add_help=False)
    trainer.add_argument("arguments", nargs=argparse.REMAINDER)
    archive = argparse.ArgumentParser(add_help=False)
    # not every shell expands the tilde of `make backup FILE=~/archive`
    archive.add_argument("file", nargs="?", default="", type=os.path.expanduser, help="the archive")
    archive.add_argument("--composed", action="store_true", help="of the stack in containers")
    commands.add_parser("backup", parents=[archive], help="write database and artifacts to a file")
    restore_parser = commands.add_parser("restore", parents=[archive], help="restore such a file")
    restore_parser.add_argument("--replace", action="store_true", help="replace what is there")
    gc_parser = commands.add_parser("gc", help="list what nothing needs any more")
    gc_parser.add_argument("--apply", action="store_true", help="remove it")
    gc_parser.add_argument("--composed", action="store_true", help="of the stack in containers")
    environment = commands.add_parser("environment", help="make environments from their locks")
    environment.add_argument("names", nargs="+", choices=LOCKS)
    commands.add_parser("lock", help="renew the locks")
    return parser


def _run(arguments: argparse.Namespace) -> int:
    match arguments.command:
        case "up":
            return up(read_settings(os.environ), arguments.training)
        case "down":
            return down(read_settings(os.environ).state)
        case "trainer":
            make_environment("trainer")
            return _replace_by(programs.trainer(read_settings(os.environ), arguments.arguments))
        case "backup" | "restore" | "gc":
            return _run_on_data(arguments)
        case "lock":
            return lock()
    for name in arguments.names:
        make_environment(name)
    return 0


def _run_on_data(arguments: argparse.Namespace) -> int:
    settings, composed = read_settings(os.environ), arguments.composed
    match arguments.command:
        case "backup":
            return backup(settings, arguments.file, composed=composed)
        case "restore":
            return restore(settings, arguments.file, composed=composed, replace=arguments.replace)
    options = ["--apply"] if arguments.apply else []
    print(f"The {'composed' if composed else 'local'} stack:", flush=True)
    if composed:
        return composed_gc(options)
    make_environment("mlflow-server")
    return _replace_by(programs.gc(settings, options))


def _replace_by(program: Program) -> int:
    """Replace this process by a program, for its signals and exit code."""
    os.chdir(program.folder)
    command = [str(part) for part in program.command]
    os.execvpe(command[0], command, program.environ)  # noqa: S606
