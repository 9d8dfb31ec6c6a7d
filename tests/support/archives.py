"""Archives of `make backup`: their members, and damaged and handmade ones."""

import gzip
import hashlib
import io
import json
import re
import tarfile
import zlib
from collections.abc import Callable
from pathlib import Path

Members = list[tuple[tarfile.TarInfo, bytes]]
SUMS = "SHA256SUMS"
SPARSE = 4 * ((b"00000000001\0" * 42).ljust(504) + b"\1".ljust(8, b"\0"))  # and each has a next one
OWNED = f"/run/{'0' * 32}/artifacts"


def read_members(archive: bytes) -> Members:
    """Return all members but the checksums."""
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        found = [(info, tar.extractfile(info)) for info in tar if info.name != SUMS]
        return [(info, content.read()) for info, content in found if content]


def read_contents(archive: Path) -> dict[str, bytes]:
    """Return the contents of all members by their names, which say all but when they were made."""
    return {info.name: content for info, content in read_members(archive.read_bytes())}


def pack(members: Members, sums: bytes | None = None) -> bytes:
    """Return an archive of members, with their checksums unless there are others."""
    output = io.BytesIO()
    with tarfile.open(fileobj=output, mode="w:gz", compresslevel=1) as tar:
        for info, content in members:
            tar.addfile(info, io.BytesIO(content))
        sums = _sums(members) if sums is None else sums
        tar.addfile(member(SUMS, sums)[0], io.BytesIO(sums))
    return output.getvalue()


def member(name: str, content: bytes, **fields: object) -> tuple[tarfile.TarInfo, bytes]:
    """Return a member with further fields of its header."""
    info = tarfile.TarInfo(name)
    info.size = len(content)
    for field, value in fields.items():
        setattr(info, field, value)
    return info, content


def cut(archive: bytes) -> dict[str, bytes]:
    """Return the archive with its end missing: at 40 places, and of 1 to 9 bytes."""
    places = {len(archive) * part // 40 for part in range(40)}
    places |= {len(archive) - lost for lost in range(1, 10)}
    return {f"cut at {place}": archive[:place] for place in sorted(places)}


def flip(archive: bytes) -> dict[str, bytes]:
    """Return the archive with one bit changed, at 120 places of the file.

    Without those that gzip reads as before, as from another place with the same bytes.
    """
    places = (10 + (len(archive) - 10) * part // 120 for part in range(120))  # after gzip's header
    flipped = {f"bit of byte {place}": _flip(archive, place, place % 8) for place in places}
    whole = gzip.decompress(archive)
    return {name: each for name, each in flipped.items() if _decompress(each) != whole}


def flip_contents(archive: bytes) -> dict[str, bytes]:
    """Return archives whose gzip is sound, with one bit changed: in headers and in contents."""
    tar = gzip.decompress(archive)
    with tarfile.open(fileobj=io.BytesIO(tar)) as opened:
        members = opened.getmembers()
    chosen = [members[0], members[-1], next(m for m in members if m.name.startswith("artifacts/"))]
    chosen += [next(m for m in members if m.name.startswith("database/metrics/"))]
    places = {
        f"{part} of {info.name}": place
        for info in chosen
        for part, place in (
            ("name", info.offset),
            ("size", info.offset + 130),
            ("checksum", info.offset + 150),
            ("content", info.offset_data + info.size // 2),
        )
    }
    return {name: gzip.compress(_flip(tar, place, 0), 1) for name, place in places.items()}


def handmade(archive: bytes) -> dict[str, bytes]:
    """Return archives with right checksums, none of which `make backup` makes."""
    members = read_members(archive)
    manifest = json.loads(members[0][1])
    row = next(m for m in members if m[0].name.startswith("database/experiments/"))
    values = json.loads(row[1].splitlines()[0])

    def with_manifest(**changes: object) -> bytes:
        text = json.dumps(manifest | changes).encode()
        return pack([member("manifest.json", text), *members[1:]])

    def with_row(content: bytes) -> bytes:
        return pack([member(row[0].name, content) if m is row else m for m in members])

    def with_value(kind: type, value: object) -> bytes:
        """Replace the first value of a kind."""
        place = next(place for place, each in enumerate(values) if type(each) is kind)
        changed = [*values[:place], value, *values[place + 1 :]]
        return with_row(json.dumps(changed).encode())

    def with_location(table: str, location: str) -> bytes:
        """Replace the places of artifacts in the rows of a table."""
        changed = [
            (info, re.sub(rb'"mlflow-artifacts:[^"]*"', json.dumps(location).encode(), content))
            if info.name.startswith(f"database/{table}/") else (info, content)
            for info, content in members
        ]  # fmt: skip
        assert changed != members
        return pack([member(info.name, content) for info, content in changed])

    def with_member(name: str, content: bytes = b"", **fields: object) -> bytes:
        return pack([*members, member(name, content, **fields)])

    named: dict[str, Callable[[], bytes]] = {
        "a parent folder": lambda: with_member("artifacts/../../escaped"),
        "an absolute path": lambda: with_member("/artifacts/escaped"),
        "an empty part": lambda: with_member("artifacts//escaped"),
        "another folder": lambda: with_member("escaped"),
        "a table that is none": lambda: with_member("database/users/000001.jsonl", b"[]\n"),
        "an omitted table": lambda: with_member("database/secrets/000001.jsonl", b"[]\n"),
        "the same member twice": lambda: pack([*members, members[-1]]),
        "a symbolic link": lambda: with_member("artifacts/a", type=tarfile.SYMTYPE, linkname="/"),
        "a hard link": lambda: with_member("artifacts/a", type=tarfile.LNKTYPE, linkname="b"),
        "a folder": lambda: with_member("artifacts/a", type=tarfile.DIRTYPE),
        "a device": lambda: with_member("artifacts/a", type=tarfile.CHRTYPE),
        "a long header": lambda: with_member("artifacts/a", pax_headers={"comment": "x" * 10**6}),
        "many long names": lambda: gzip.compress(
            1000 * (_header("L", 2) + b"a".ljust(512, b"\0")) + _header("0", 0)
        ),
        "a sparse file": lambda: gzip.compress(_header("S", 0, extended=True) + SPARSE),
        "a sparse file that is cut": lambda: gzip.compress(_header("S", 0, extended=True)),
        "a sparse file of POSIX": lambda: with_member(
            "artifacts/a", b"9\n", pax_headers={"GNU.sparse.major": "1", "GNU.sparse.minor": "0"}
        ),
        "no manifest": lambda: pack(members[1:]),
        "a late manifest": lambda: pack([*members[1:], members[0]]),
        "a manifest that is no JSON": lambda: pack([member("manifest.json", b"{"), *members[1:]]),
        "a manifest that is a list": lambda: pack([member("manifest.json", b"[]"), *members[1:]]),
        "a newer format": lambda: with_manifest(format=2),
        "a newer schema": lambda: with_manifest(schema="ffffffffffff"),
        "a schema by another name": lambda: with_manifest(schema="head"),
        "a schema that is a list": lambda: with_manifest(schema=[]),
        "other tables": lambda: with_manifest(tables={}),
        "a row that is no JSON": lambda: with_row(b"[1,\n"),
        "a row that is a number": lambda: with_row(b"1\n"),
        "a row with a value less": lambda: with_row(json.dumps(values[1:]).encode()),
        "text for numbers": lambda: with_row(json.dumps(list(map(str, values))).encode()),
        "half a character": lambda: with_value(str, "\ud800"),
        "an integer of 65 bits": lambda: with_value(int, 2**64),
        "brackets": lambda: with_row(b"[" * 10**6),
        "a run in a folder": lambda: with_location("runs", "file:///run/passwords"),
        "a run above its folder": lambda: with_location("runs", f"file:{OWNED}/%2e%2e/%2e%2e"),
        "a version in a folder": lambda: with_location("model_versions", "/run/passwords"),
        "a version in no URL": lambda: with_location("model_versions", "file://[/run/passwords"),
        "no checksums": lambda: pack(members, b""),
        "more checksums": lambda: pack(members[:-1], _sums(members)),
        "nothing": lambda: b"",
        "a text": lambda: b"not an archive\n" * 100,
        "an empty gzip": lambda: gzip.compress(b""),
    }
    return {name: make() for name, make in named.items()}


def _header(kind: str, size: int, *, extended: bool = False) -> bytes:
    """Return a header; an extended one says that blocks with places of a sparse file follow."""
    info = tarfile.TarInfo("manifest.json")
    info.type, info.size = kind.encode(), size
    header = bytearray(info.tobuf(tarfile.GNU_FORMAT))
    header[482] = extended
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    return bytes(header)


def _decompress(archive: bytes) -> bytes | None:
    try:
        return gzip.decompress(archive)
    except (EOFError, OSError, zlib.error):
        return None


def _sums(members: Members) -> bytes:
    lines = [f"{hashlib.sha256(c).hexdigest()}  {info.name}\n" for info, c in members]
    return "".join(lines).encode()


def _flip(data: bytes, place: int, bit: int) -> bytes:
    return data[:place] + bytes([data[place] ^ 1 << bit]) + data[place + 1 :]
