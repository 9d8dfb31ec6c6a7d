"""The entry point: reads environment and command line, and turns errors into exit codes."""

import io
import os
import sys

from mnist_trainer import library_logging
from mnist_trainer.cli.parser import parse_args
from mnist_trainer.data.dataset import SHIPPED
from mnist_trainer.errors import TrainerError
from mnist_trainer.settings import read_settings
from mnist_trainer.signals import Stopped, raise_on_signals, unwrap_stopped
from mnist_trainer.tracking.health import check_health
from mnist_trainer.tracking.proxies import except_neighbours


def main(arguments: list[str]) -> int:
    """Return 0 when done, 2 on an error, 3 where the gate rejects, 130 or 143 on a signal."""
    raise_on_signals()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a terminal of ASCII, an accented name
    library_logging.configure(os.environ)
    try:
        args, settings = parse_args(arguments), read_settings(os.environ, SHIPPED)
        urls = settings.tracking_uri, settings.api_url or ""
        os.environ.update(except_neighbours(os.environ, *urls))
        if settings.tracking_password:  # for MLflow's client
            os.environ["MLFLOW_TRACKING_PASSWORD"] = settings.tracking_password
        check_health(settings.tracking_uri)
        from mnist_trainer.cli import commands  # imports MLflow, which takes seconds

        with unwrap_stopped():
            return commands.run(args, settings)
    except TrainerError as error:
        print(error, file=sys.stderr)
        return 2
    except Stopped as stopped:
        print(stopped, file=sys.stderr)
        return stopped.exit_code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
