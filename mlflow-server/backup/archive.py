"""The archive: a gzip-compressed tar file, which is written and read as a stream.

Its members: manifest.json first, then database/TABLE/NUMBER.jsonl, then artifacts/PATH, and last
SHA256SUMS, which has the checksums of all others. A cut archive lacks it; gzip's own checksum
covers what is between the members.
"""

import gzip
import hashlib
import io
import tarfile
import time
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO, Self, cast

from backup import ArchiveError

Count = Callable[[int], None]  # gets the bytes of each block

CHECKSUMS = "SHA256SUMS"
DAMAGE = (EOFError, ValueError, tarfile.TarError, gzip.BadGzipFile, zlib.error, RecursionError)
BLOCK = 1 << 20
GZIP_FORMAT = 31  # zlib's `wbits`
LONGEST_HEADER = 1 << 16  # bytes of an extended header, which tarfile reads at once


class ArchiveWriter:
    """Writes members to a stream; without ``close``, the archive is incomplete."""

    def __init__(self, output: BinaryIO) -> None:
        self._output, self._gzip = output, _GzipWriter(output)
        self._tar: Any = tarfile.TarFile(fileobj=cast(BinaryIO, self._gzip), mode="w")
        self._sums: list[str] = []

    def add(self, name: str, content: BinaryIO, size: int, count: Count = lambda _: None) -> None:
        """Add a member of ``size`` bytes. Raises OSError if the content is shorter."""
        hashed = _HashedContent(content, count)
        self._add(name, hashed, size)
        self._sums.append(f"{hashed.digest.hexdigest()}  {name}\n")

    def close(self) -> None:
        """Add the checksums, and end the archive."""
        sums = "".join(self._sums).encode()
        self._add(CHECKSUMS, io.BytesIO(sums), len(sums))
        self._tar.close()
        self._gzip.close()
        self._output.flush()

    def _add(self, name: str, content: Any, size: int) -> None:
        info = tarfile.TarInfo(name)
        info.size, info.mtime = size, int(time.time())
        self._tar.addfile(info, content)
        self._tar.members.clear()  # tarfile would keep all of them


@dataclass(frozen=True)
class Member:
    """A member whose content is readable until the next one is asked for."""

    name: str
    size: int
    content: BinaryIO


def read_members(archive: BinaryIO, count: Count = lambda _: None) -> Iterator[Member]:
    """Yield all members but the checksums, which are compared in the end.

    Raises ArchiveError, so nothing that was read counts before the iteration has ended.
    """
    sums: dict[str, str] = {}
    try:
        with (
            gzip.GzipFile(fileobj=archive, mode="rb") as unzipped,
            tarfile.open(fileobj=unzipped, mode="r|", tarinfo=_BoundedHeader) as tar,
        ):
            while info := _next(tar):
                _check(info, sums)
                if info.name == CHECKSUMS:
                    break
                hashed = _MemberContent(tar.extractfile(info), count)
                content = io.BufferedReader(hashed, BLOCK)
                yield Member(info.name, info.size, content)
                _read_to_the_end(content)
                sums[info.name] = hashed.digest.hexdigest()
            else:
                raise ArchiveError(
                    f"The archive is incomplete: its last member is not {CHECKSUMS}."
                )
            _compare(sums, tar.extractfile(info))
            if _next(tar):
                raise ArchiveError(f"The archive is damaged: {CHECKSUMS} is not its last member.")
            _read_to_the_end(unzipped)  # which has gzip compare its checksum
    except DAMAGE as error:
        raise ArchiveError(f"The archive is damaged, or incomplete: {error}.") from error


def is_path(name: str) -> bool:
    """Return whether ``name`` is a path below a folder, whichever that is."""
    is_text = name.encode(errors="ignore").decode() == name  # a file's name may be other bytes
    return is_text and "\0" not in name and {"", ".", ".."}.isdisjoint(name.split("/"))


class _GzipWriter:
    """Compresses what is written; unlike gzip's own, it does not end a file when it is dropped."""

    def __init__(self, output: BinaryIO) -> None:
        self._output = output
        self._compressor = zlib.compressobj(level=1, wbits=GZIP_FORMAT)

    def tell(self) -> int:
        return 0  # where the tar file begins

    def write(self, data: bytes) -> int:
        self._output.write(self._compressor.compress(data))
        return len(data)

    def close(self) -> None:
        self._output.write(self._compressor.flush())


class _HashedContent(io.RawIOBase):
    """Reads another stream, counts what was read and computes its SHA-256."""

    def __init__(self, content: Any, count: Count) -> None:
        self._content, self._count = content, count
        self.digest = hashlib.sha256()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        block = self._content.read(len(buffer))
        self.digest.update(block)
        self._count(len(block))
        buffer[: len(block)] = block
        return len(block)


class _MemberContent(_HashedContent):
    """The content of a member; reading it raises ArchiveError."""

    def readinto(self, buffer: Any) -> int:
        try:
            return super().readinto(buffer)
        except DAMAGE as error:
            raise ArchiveError(f"The archive is damaged, or incomplete: {error}.") from error


class _BoundedHeader(tarfile.TarInfo):
    """Refuses headers that are meant to fill the memory."""

    def _proc_member(self, tar: tarfile.TarFile) -> Self:
        if not self.isreg() and self.size > LONGEST_HEADER:
            raise tarfile.ReadError(f"a header has {self.size} bytes")
        proceed: Self = super()._proc_member(tar)  # type: ignore[misc] # not in the type hints
        return proceed

    def _refuse_sparse(self, *_: object) -> Self:
        raise tarfile.ReadError("a file is sparse")

    _proc_sparse = _proc_gnusparse_10 = _refuse_sparse  # both read blocks without a bound


def _next(tar: Any) -> tarfile.TarInfo | None:
    info: tarfile.TarInfo | None = tar.next()
    tar.members.clear()  # tarfile would keep all of them
    return info


def _check(info: tarfile.TarInfo, before: dict[str, str]) -> None:
    if info.name in before or not is_path(info.name):
        raise ArchiveError(f"The archive is damaged: it has no use for a member {info.name!r}.")
    if not info.isreg() or info.issparse():
        raise ArchiveError(f"The archive is damaged: {info.name!r} is not a regular file.")


def _compare(found: dict[str, str], listed: Any) -> None:
    """Raise ArchiveError unless the list has exactly the checksums that were found."""
    for name, digest in found.items():
        line = f"{digest}  {name}\n".encode()
        if listed.read(len(line)) != line:
            raise ArchiveError(f"The archive is damaged: the checksum of {name} is another one.")
    if listed.read(1):
        raise ArchiveError("The archive is incomplete: it lacks members that have a checksum.")


def _read_to_the_end(content: Any) -> None:
    while content.read(BLOCK):
        pass
