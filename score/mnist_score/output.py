"""The folder of the output: the manifest, a Parquet file for each part, and what failed."""

import errno
import os
import re
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow.fs import FileType

from mnist_score.errors import AGAIN, ScoreError
from mnist_score.locations import Location
from mnist_score.manifest import Manifest

MANIFEST = "_manifest.json"  # readers of Parquet folders leave out what begins so
FAILED = "_failed"
NUMBER = re.compile(r"part-(\d{6,})\.(?:parquet|json)")


class Output:
    """Files that are there as a whole or not at all, whoever dies while writing them."""

    def __init__(self, folder: Location) -> None:
        self._folder = folder

    def read_manifest(self) -> Manifest | None:
        """Return the manifest, None if there is none. Raises ScoreError."""
        file = self._folder.join(MANIFEST)
        if file.find().type == FileType.NotFound:
            return None
        try:
            return msgspec.json.decode(file.read(), type=Manifest)
        except msgspec.MsgspecError as error:
            raise ScoreError(f"{file.uri} is damaged: choose another folder.") from error

    def create_manifest(self, manifest: Manifest) -> Manifest:
        """Write the manifest unless another process has; return the one that is there.

        Raises OSError.
        """
        file = self._folder.join(MANIFEST)
        with _name_file(file):
            if file.is_local:
                _write_aside(Path(file.path), _encode(manifest), _link)
            else:
                file.create(_encode(manifest))
        return self.read_manifest() or manifest

    def write_manifest(self, manifest: Manifest) -> None:
        """Write the manifest. Raises OSError."""
        self._write(MANIFEST, _encode(manifest))

    def find_written(self) -> set[int]:
        """Return the numbers of the parts that are there."""
        return _find_numbers(self._folder)

    def find_failed(self) -> set[int]:
        """Return the numbers of the parts that are set aside, and not there meanwhile."""
        failed = _find_numbers(self._folder.join(FAILED))
        written = self.find_written() if failed else set()
        for number in failed & written:  # a run was killed after it had written the part
            self._forget_failure(number)
        return failed - written

    def write_part(self, number: int, table: pa.Table) -> None:
        """Write the predictions of a part, which has not failed then. Raises OSError."""
        sink = pa.BufferOutputStream()
        pq.write_table(table, sink, use_dictionary=["source", "prediction", "version", "error"])
        self._write(f"part-{number:06}.parquet", sink.getvalue())
        self._forget_failure(number)

    def set_aside(self, number: int, failure: dict[str, object]) -> None:
        """Record why a part could not be read. Raises OSError."""
        self._write(f"{FAILED}/part-{number:06}.json", msgspec.json.encode(failure))

    def _write(self, name: str, content: bytes | pa.Buffer) -> None:
        file = self._folder.join(name)
        with _name_file(file):
            if file.is_local:
                _write_aside(Path(file.path), content, Path.replace)
                return
            with file.files.open_output_stream(file.path) as stream:  # there when it is closed
                stream.write(content)

    def _forget_failure(self, number: int) -> None:
        with suppress(FileNotFoundError):
            file = self._folder.join(f"{FAILED}/part-{number:06}.json")
            file.files.delete_file(file.path)


@contextmanager
def _name_file(file: Location) -> Iterator[None]:
    """Name the file in an error: that of a full disk has no name."""
    try:
        yield
    except OSError as error:
        raise OSError(f"{file.uri} can't be written: {error}; {AGAIN}") from error


def _find_numbers(folder: Location) -> set[int]:
    found = (NUMBER.fullmatch(info.base_name) for info in folder.list())
    return {int(match[1]) for match in found if match}


def _encode(manifest: Manifest) -> bytes:
    return msgspec.json.format(msgspec.json.encode(manifest), indent=1)


def _link(aside: Path, path: Path) -> None:
    """Give a file its name, unless there is a file of that name."""
    try:
        path.hardlink_to(aside)
    except FileExistsError:
        pass
    except OSError as error:
        if error.errno not in (errno.EPERM, errno.ENOTSUP):  # a file system without links
            raise
        aside.replace(path)


def _write_aside(
    path: Path, content: bytes | pa.Buffer, place: Callable[[Path, Path], object]
) -> None:
    """Write a file aside and ``place`` it; remove what killed processes have left aside."""
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
    try:
        with aside.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        place(aside, path)
    except FileNotFoundError:
        if not path.exists():  # else another process has just written the same, and cleaned up
            raise
    except BaseException:
        aside.unlink(missing_ok=True)
        raise
    for left in path.parent.glob(f".{path.name}.*"):
        left.unlink(missing_ok=True)
