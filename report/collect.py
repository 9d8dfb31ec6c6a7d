"""Takes every number and plot of the report from the run of the promoted version.

Writes `generated/values.tex` and `generated/*.png`. It runs with the trainer's environment
from the repository's root: `PYTHONPATH=trainer python -m report.collect`. Settings: the trainer's
own, API_URL (whose speed is measured) and AUTHOR.
"""

import os
import sys
from pathlib import Path

from mnist_trainer import library_logging
from mnist_trainer.data.dataset import SHIPPED
from mnist_trainer.errors import TrainerError
from mnist_trainer.settings import read_settings
from mnist_trainer.tracking.proxies import except_neighbours

GENERATED = Path(__file__).parent / "generated"
API = "http://127.0.0.1:8000"


def main(folder: Path) -> int:
    """Fill ``folder`` and return 0, or 2 on an error."""
    library_logging.configure(os.environ)
    from report.run import read_run  # imports MLflow, whose logging is configured now
    from report.service import describe_service
    from report.tex import escape, write_values
    from report.values import describe, is_corrupted, is_plain

    try:
        settings = read_settings(os.environ, SHIPPED)
        os.environ.update(except_neighbours(os.environ, settings.tracking_uri))
        folder.mkdir(parents=True, exist_ok=True)
        source = read_run(settings, folder)
        values = describe(source)
        service = describe_service(os.environ.get("API_URL", "").strip() or API, settings.data_dir)
    except TrainerError as error:
        print(error, file=sys.stderr)
        return 2
    values["Author"] = escape(os.environ.get("AUTHOR", ""))
    facts = {
        "plain": is_plain(source.params),
        "drawn": int(source.params.get("drawn_images", 0)) > 0,
        "corrupted": is_corrupted(source.metrics),
        "compared": "mcnemar_p" in source.metrics,
        "measured": "SpeedMedian" in service,
    }
    write_values(folder / "values.tex", values | service, facts)
    print(f"Report   on version {source.number} of {settings.model_name}: numbers and plots")
    return 0


if __name__ == "__main__":
    sys.exit(main(GENERATED))
