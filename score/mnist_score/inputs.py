"""The inputs: files of images, and folders with such files or with pictures."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import PurePosixPath
from typing import NamedTuple

from pyarrow import ArrowException
from pyarrow.fs import FileInfo, FileType

from mnist_score.errors import ScoreError
from mnist_score.locations import Location
from mnist_score.readers.npy import NpyReader
from mnist_score.readers.parquet import ParquetReader
from mnist_score.readers.pictures import SUFFIXES, PictureReader
from mnist_score.readers.source import Reader

ARRAYS, TABLES = ".npy", ".parquet"
OPENED = 16  # files at once: S3 takes long to answer


class _Found(NamedTuple):
    """A file of images, or a folder with pictures."""

    location: Location
    infos: list[FileInfo]


def find_readers(inputs: Sequence[Location], output: Location) -> list[Reader]:
    """Return the readers of all inputs, in their order. Raises ScoreError for all that fail."""
    problems: list[str] = []
    found: list[_Found] = []
    for location in inputs:
        try:
            found += _list(location, output)
        except (OSError, ArrowException) as error:
            problems.append(f"{location.uri} can't be read: {error}.")
        except ScoreError as error:
            problems.append(str(error))
    with ThreadPoolExecutor(OPENED) as pool:
        opened = list(pool.map(_try_to_open, found))
    problems += [one for one in opened if isinstance(one, str)]
    if problems:
        raise ScoreError("\n".join(problems))
    readers = [one for one in opened if not isinstance(one, str)]
    _refuse_twice(found)
    if not any(reader.source.images for reader in readers):
        raise ScoreError("The inputs hold no images.")
    return readers


def _list(location: Location, output: Location) -> list[_Found]:
    info = location.find()
    if info.type == FileType.NotFound:
        raise ScoreError(f"{location.uri} does not exist.")
    if info.type == FileType.Unknown:
        raise ScoreError(f"{location.uri} is neither a file nor a folder.")
    if info.type == FileType.File:
        if _suffix(info) not in (ARRAYS, TABLES, *SUFFIXES):
            raise ScoreError(f"{location.uri} is no .npy, no .parquet and no picture.")
        return [_Found(location, [info])]
    if f"{output.target}/".startswith(f"{location.target}/"):
        raise ScoreError(f"The output is in the input {location.uri}: choose a folder beside it.")
    listed = location.list(recursive=True)
    infos = [one for one in listed if "/." not in one.path.removeprefix(location.path)]
    files = [one for one in infos if _suffix(one) in (ARRAYS, TABLES)]
    pictures = [one for one in infos if _suffix(one) in SUFFIXES]
    if not files and not pictures:
        raise ScoreError(f"{location.uri} holds no .npy, no .parquet and no picture.")
    found = [_Found(Location(location.files, one.path), [one]) for one in files]
    return [*found, _Found(location, pictures)] if pictures else found


def _refuse_twice(found: Sequence[_Found]) -> None:
    """Raise ScoreError if a file is read twice: folders may overlap, or have links."""
    known: set[str] = set()
    for location, infos in found:
        for info in infos:
            file = Location(location.files, info.path)
            target = file.target
            if target in known:
                also = f", also as {target}" if target != file.uri else ""
                raise ScoreError(f"{file.uri} is given twice{also}.")
            known.add(target)


def _try_to_open(found: _Found) -> Reader | str:
    """Return the reader, or the sentence that says why there is none."""
    location, infos = found
    try:
        if _suffix(infos[0]) == ARRAYS:
            return NpyReader(location, infos[0])
        if _suffix(infos[0]) == TABLES:
            return ParquetReader(location, infos[0])
        return PictureReader(location, infos)
    except (OSError, ArrowException) as error:
        return f"{location.uri} can't be read: {error}."
    except ScoreError as error:
        return str(error)


def _suffix(info: FileInfo) -> str:
    return PurePosixPath(info.path).suffix.lower()
