"""The inputs: files of images, and folders with such files or with pictures."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import PurePosixPath

from pyarrow import ArrowException
from pyarrow.fs import FileInfo, FileType

from mnist_score.errors import ScoreError
from mnist_score.locations import Location
from mnist_score.readers.npy import NpyReader
from mnist_score.readers.parquet import ParquetReader
from mnist_score.readers.pictures import SUFFIXES, PictureReader
from mnist_score.readers.source import Reader

READERS: dict[str, Callable[[Location, FileInfo], Reader]] = {
    ".npy": NpyReader,
    ".parquet": ParquetReader,
}


def find_readers(inputs: Sequence[Location], output: Location) -> list[Reader]:
    """Return the readers of all inputs, in their order. Raises ScoreError for all that fail."""
    readers: list[Reader] = []
    problems = []
    for location in inputs:
        try:
            readers += _find(location, output)
        except (OSError, ArrowException) as error:
            problems.append(f"{location.uri} can't be read: {error}.")
        except ScoreError as error:
            problems.append(str(error))
    if problems:
        raise ScoreError("\n".join(problems))
    counts = Counter((reader.source.uri, reader.source.kind) for reader in readers)
    if twice := [uri for (uri, _), count in counts.items() if count > 1]:
        raise ScoreError(f"{twice[0]} is given twice.")
    if not any(reader.source.images for reader in readers):
        raise ScoreError("The inputs hold no images.")
    return readers


def _find(location: Location, output: Location) -> Iterator[Reader]:
    info = location.find()
    if info.type == FileType.NotFound:
        raise ScoreError(f"{location.uri} does not exist.")
    if info.type == FileType.File:
        yield _open_file(location, info)
        return
    if f"{output.uri}/".startswith(f"{location.uri}/"):
        raise ScoreError(f"The output is in the input {location.uri}: choose a folder beside it.")
    infos = [one for one in location.list(recursive=True) if not one.base_name.startswith(".")]
    for one in infos:
        if _suffix(one) in READERS:
            yield _open_file(Location(location.files, one.path), one)
    if pictures := [one for one in infos if _suffix(one) in SUFFIXES]:
        yield PictureReader(location, pictures)
    if not any(_suffix(one) in (*READERS, *SUFFIXES) for one in infos):
        raise ScoreError(f"{location.uri} holds no .npy, no .parquet and no picture.")


def _open_file(file: Location, info: FileInfo) -> Reader:
    if _suffix(info) in SUFFIXES:
        return PictureReader(file, [info])
    if _suffix(info) not in READERS:
        raise ScoreError(f"{file.uri} is no .npy, no .parquet and no picture.")
    return READERS[_suffix(info)](file, info)


def _suffix(info: FileInfo) -> str:
    return PurePosixPath(info.path).suffix.lower()
