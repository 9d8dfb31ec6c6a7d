"""Files that are no picture, damaged ones, and ones that would take much memory or time."""

import random
import struct
import subprocess
import sys
import zlib

import numpy as np
import pytest

from mnist_api.imaging.decoding.decoder import MAX_PIXELS
from mnist_api.imaging.picture import read_picture
from mnist_api.imaging.picture_file import MAX_SCANS, PictureError
from support.pictures.drawn import DIGITS, enlarged, packed


def test_bytes_that_are_not_a_picture_are_refused():
    for content in (b"", b"seven", b"GIF89a" + bytes(50), b"%PDF-1.7", b"\x89PNG\r\n\x1a\n"):
        with pytest.raises(PictureError, match="send a PNG, JPEG, WebP or BMP"):
            read_picture(content)


def test_other_formats_are_not_decoded():
    for form in ("GIF", "TIFF", "PPM", "ICO"):
        with pytest.raises(PictureError, match="send a PNG, JPEG, WebP or BMP"):
            read_picture(packed(255 * enlarged(DIGITS[0]), form))


def test_a_truncated_picture_is_refused():
    for form in ("PNG", "JPEG", "WEBP", "BMP"):
        whole = packed(255 - 255 * enlarged(DIGITS[0]), form)
        with pytest.raises(PictureError, match=r"save it again|send a PNG"):
            read_picture(whole[: len(whole) // 2])


@pytest.mark.parametrize("side", [12_000, 20_000])  # of which Pillow would warn, and refuse
def test_a_decompression_bomb_is_refused_in_little_memory(side: int):
    """In a process of its own, to measure its memory; it prints nothing else."""
    rows = zlib.compress(bytes((side // 8 + 1) * side), 9)  # 1 bit a pixel
    bomb = b"\x89PNG\r\n\x1a\n"
    for kind, body in (
        (b"IHDR", struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)),
        (b"IDAT", rows),
        (b"IEND", b""),
    ):
        bomb += struct.pack(">I", len(body)) + kind + body
        bomb += struct.pack(">I", zlib.crc32(kind + body))
    assert len(bomb) < 100_000
    program = (
        "import resource, sys\n"
        "from mnist_api.imaging.picture import read_picture\n"
        "from mnist_api.imaging.picture_file import PictureError\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "try:\n"
        "    read_picture(sys.stdin.buffer.read())\n"
        "except PictureError as refusal:\n"
        "    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before\n"
        "    print(grown // 1024, refusal)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], input=bomb, capture_output=True, check=True
    )
    grown, refusal = done.stdout.decode().split(" ", 1)
    assert f"{MAX_PIXELS:,} pixels" in refusal
    assert int(grown) < 20  # MB
    assert done.stderr == b""


def test_a_jpeg_with_too_many_scans_is_refused():
    jpeg = packed(255 - 255 * enlarged(DIGITS[0]), "JPEG", progressive=True)
    start = jpeg.rindex(b"\xff\xda")
    many = jpeg[:start] + jpeg[start:-2] * MAX_SCANS + jpeg[-2:]
    with pytest.raises(PictureError, match="scans"):
        read_picture(many)


def test_damaged_pictures_are_read_or_raise_picture_error():
    generator = random.Random(4)  # noqa: S311 # which bytes are damaged is no secret
    for form in ("PNG", "JPEG", "WEBP", "BMP"):
        whole = packed(255 - 255 * enlarged(DIGITS[3])[::3, ::3], form)
        for _ in range(150):
            broken = bytearray(whole)
            for _ in range(generator.choice([1, 3, 20])):
                broken[generator.randrange(min(len(broken), generator.choice([60, 10**6])))] = (
                    generator.randrange(256)
                )
            cut = bytes(broken[: generator.choice([len(broken), generator.randrange(len(broken))])])
            try:
                seen = read_picture(cut)
            except PictureError:
                continue
            assert np.isfinite(seen).all()
            assert 0 <= seen.min() <= seen.max() <= 1
