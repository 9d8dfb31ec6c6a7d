"""Scores parts in threads: while one reads or writes, others compute."""

import os
from collections.abc import Iterable, Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from threading import Event

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from mnist_api.handlers.probabilities import compute_probabilities
from mnist_api.model.active import LoadedModel
from mnist_api.model.onnx_model import NotFiniteError
from mnist_api.problems import ProblemError
from mnist_api.signature import CLASSES
from mnist_score.errors import AGAIN, CHANGED, PartError
from mnist_score.locations import open_location
from mnist_score.manifest import Part
from mnist_score.output import Output
from mnist_score.progress import SECONDS, Progress
from mnist_score.readers.source import Reader

MOST_THREADS = 32  # of 40 MB each
UNREADABLE = (PartError, OSError, pa.ArrowException, ProblemError, NotFiniteError)


class StoppedError(Exception):
    """The run is stopped before the part was complete."""


@dataclass
class Scorer:
    """Scores parts with one model."""

    readers: Sequence[Reader]
    loaded: LoadedModel
    output: Output
    progress: Progress
    failed: dict[int, str] = field(default_factory=dict)  # why, by the part's number
    _stop: Event = field(default_factory=Event)

    def run(self, parts: Iterable[tuple[int, Part]]) -> None:
        """Score numbered parts. Raises OSError if S3 is away, or the output can't be written."""
        # two a core, as each waits for its reads and writes; a pod may have a part of its node
        pool = ThreadPoolExecutor(min(2 * count_cores(), MOST_THREADS))
        waiting: set[Future[None]] = {pool.submit(self._run_part, *one) for one in parts}
        try:
            while waiting:
                done, waiting = wait(waiting, SECONDS, FIRST_EXCEPTION)
                for one in done:
                    one.result()
                print(self.progress.describe(), flush=True)
        finally:
            self._stop.set()
            pool.shutdown(cancel_futures=True)

    def _run_part(self, number: int, part: Part) -> None:
        try:
            table = self._score(self.readers[part.source], part)
        except PartError as error:
            failure = {"part": number, **part._asdict(), "reason": str(error)}
            self.output.set_aside(number, failure)
            self.failed[number] = str(error)
            return
        self.output.write_part(number, table)

    def _score(self, reader: Reader, part: Part) -> pa.Table:
        """Return the rows of a part. Raises PartError, StoppedError, OSError if S3 is away."""
        probabilities = np.empty((part.images, CLASSES), np.float32)
        errors: dict[int, str] = {}
        done = 0
        try:
            for block in reader.read(part.first, part.images):
                if self._stop.is_set():
                    raise StoppedError
                end = done + len(block.images)
                if end > part.images:
                    raise PartError(CHANGED)
                probabilities[done:end] = compute_probabilities(block.images, self.loaded)
                errors |= {done + row: error for row, error in block.errors.items()}
                self.progress.add(end - done, len(block.errors))
                done = end
            if done < part.images:
                raise PartError(CHANGED)
        except UNREADABLE as error:
            if isinstance(error, OSError):
                _check_store(reader.source.uri)
            place = f"{reader.source.uri}, in the images from {part.first + done} on"
            raise PartError(f"{place}: {error}") from error
        return _to_table(reader, part, self.loaded.version.id, probabilities, errors)


def _check_store(uri: str) -> None:
    """Raise OSError if a source is in a store that does not answer: its part is not damaged."""
    try:
        open_location(uri).find()
    except OSError as error:
        raise OSError(f"{uri} can't be read: {error}; {AGAIN}") from error


def _to_table(
    reader: Reader,
    part: Part,
    version: str,
    probabilities: NDArray[np.float32],
    errors: dict[int, str],
) -> pa.Table:
    """Return the rows of a part; one that could not be read has an error and no prediction."""
    names = reader.name(part.first, part.images)
    index = np.arange(part.first, part.first + part.images) if names is None else None
    missing = np.zeros(part.images, bool)
    missing[list(errors)] = True
    values = pa.array(probabilities.reshape(-1), mask=missing.repeat(CLASSES))
    return pa.table(
        {
            "source": pa.repeat(reader.source.uri, part.images) if names is None else names,
            "index": pa.repeat(0, part.images) if index is None else index,
            "prediction": pa.array(probabilities.argmax(1), pa.int8(), mask=missing),
            "confidence": pa.array(probabilities.max(1), mask=missing),
            # a list without values, not no list: Arrow does not read a column with such back
            "probabilities": pa.FixedSizeListArray.from_arrays(values, CLASSES),
            "version": pa.repeat(version, part.images),
            "error": pa.array(map(errors.get, range(part.images)), pa.string()),
        }
    )


def count_cores() -> int:
    """Return the cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):  # Linux
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
