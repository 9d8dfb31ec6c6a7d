"""The entry point: reads the environment and the command line, and turns errors into exit codes."""

import os
import sys

from mnist_trainer import library_logging
from mnist_trainer.cli.parser import parse
from mnist_trainer.data.dataset import SHIPPED
from mnist_trainer.errors import TrainerError
from mnist_trainer.settings import read_settings
from mnist_trainer.signals import Stopped, raise_on_signals
from mnist_trainer.tracking.health import check


def main(arguments: list[str]) -> int:
    """Return 0 when done, 2 when something stands in the way, 3 when rejected, 130 or 143."""
    raise_on_signals()
    library_logging.prepare(os.environ)
    try:
        asked, settings = parse(arguments), read_settings(os.environ, SHIPPED)
        check(settings.tracking_uri)
        from mnist_trainer import commands  # MLflow, which takes longer to import than all before

        return commands.run(asked, settings)
    except TrainerError as error:
        print(error, file=sys.stderr)
        return 2
    except Stopped as stopped:
        print(stopped, file=sys.stderr)
        return stopped.exit_code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
