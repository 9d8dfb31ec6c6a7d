"""The command line: reads the arguments, agrees on the manifest, scores the parts."""

import argparse
import logging
import os
import sys
import time
from collections.abc import Callable, Sequence

from pyarrow import ArrowException

from mnist_api.model.active import LoadedModel
from mnist_api.settings import SettingsError, read_settings
from mnist_score.errors import ScoreError
from mnist_score.inputs import find_readers
from mnist_score.locations import open_location
from mnist_score.manifest import Manifest, plan, update
from mnist_score.model import find_version, load_version
from mnist_score.output import Output
from mnist_score.progress import Progress
from mnist_score.readers.source import Reader
from mnist_score.scorer import Scorer

SETTINGS = ("MLFLOW_", "MODEL_", "XDG_")  # those of the API that are about the model
DESCRIPTION = "Scores images with the registered model; docs/scoring.md explains it."
SOME_FAILED = 3
WAIT_SECONDS = 600  # for the manifest of worker 0


def run() -> int:
    """Score all parts of this worker; return 3 if some could not be read."""
    args = _parse()
    logging.basicConfig(format="%(message)s")
    try:
        return _run(args)
    except (ScoreError, SettingsError, OSError, ArrowException) as error:
        print(error, file=sys.stderr)
        return 1


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m mnist_score", description=DESCRIPTION)
    add = parser.add_argument
    add("inputs", nargs="+", metavar="INPUT", help=".npy, .parquet, picture, folder or S3 prefix")
    add("--output", required=True, metavar="FOLDER", help="a folder, or s3://BUCKET/PREFIX")
    add("--part-images", type=_number(1), help="images of a part (default: 65536)")
    add("--workers", type=_number(1), default=1, help="processes that share the parts")
    own = os.environ.get("JOB_COMPLETION_INDEX") or "0"
    add("--worker", type=_number(0), default=own, help="which of them this one is, from 0 on")
    args = parser.parse_args()
    if args.worker >= args.workers:
        parser.error(f"--worker {args.worker} must be less than --workers {args.workers}")
    return args


def _number(least: int) -> Callable[[str], int]:
    def read(text: str) -> int:
        if not text.isdecimal() or int(text) < least:
            raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from {least} on")
        return int(text)

    return read


def _run(args: argparse.Namespace) -> int:
    own = {name: os.environ[name] for name in os.environ if name.startswith(SETTINGS)}
    settings = read_settings(own)
    folder = open_location(args.output)
    output = Output(folder)
    readers = find_readers([open_location(one) for one in args.inputs], folder)
    failed = output.find_failed()  # before the manifest, which knows repaired sources
    known = output.read_manifest()
    if known is None and args.worker > 0:
        known = _wait_for_manifest(output)
    loaded = None
    if known is None:
        if output.find_written():
            raise ScoreError(f"{folder.uri} has parts, but no manifest: choose another folder.")
        loaded = load_version(settings, find_version(settings))
        known = output.create_manifest(plan(loaded.version, readers, args.part_images))
    while (manifest := update(known, readers, failed, args.part_images)) != known:
        output.write_manifest(manifest)  # while the repaired parts still count as failed
        known = output.read_manifest() or manifest  # another worker may have written its own
    if loaded is None or loaded.version != manifest.version:  # of another worker 0, for example
        loaded = load_version(settings, manifest.version)
    return _score(args, manifest, readers, loaded, output)


def _wait_for_manifest(output: Output) -> Manifest:
    """Return what worker 0 writes at its start. Raises ScoreError."""
    print("Waiting for the manifest of worker 0.", flush=True)
    end = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < end:
        if (manifest := output.read_manifest()) is not None:
            return manifest
        time.sleep(1)
    raise ScoreError("There is no _manifest.json: start worker 0 with the same inputs and output.")


def _score(
    args: argparse.Namespace,
    manifest: Manifest,
    readers: Sequence[Reader],
    loaded: LoadedModel,
    output: Output,
) -> int:
    written = output.find_written()
    own = [
        (number, part)
        for number, part in enumerate(manifest.parts)
        if number % args.workers == args.worker and number not in written
    ]
    images = sum(part.images for _, part in own)
    print(
        f"{len(own)} of {len(manifest.parts)} parts are to be scored by this worker, {images:,} "
        f"images, with version {loaded.version.id} of {loaded.version.name}.",
        flush=True,
    )
    scorer = Scorer(readers, loaded, output, Progress(images))
    scorer.run(own)
    if unread := scorer.progress.unread:
        print(f"Pictures without a prediction: {unread:,}. The column error says why.")
    for number, reason in sorted(scorer.failed.items()):
        print(f"Part {number} is set aside: {reason}", file=sys.stderr)
    return SOME_FAILED if scorer.failed else 0
