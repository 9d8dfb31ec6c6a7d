"""Drawn and photographed pictures of digits, compared with their MNIST images."""

import gzip
import io
import random
import struct
import subprocess
import sys
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageFilter

from mnist_api.imaging.picture import MAX_PIXELS, read_picture
from mnist_api.imaging.picture_file import MAX_SCANS, PictureError

ROOT = Path(__file__).resolve().parents[2]
SAMPLES = sorted((ROOT / "api" / "samples").glob("*.png"))
IMAGES = ROOT / "trainer" / "data" / "t10k-images-idx3-ubyte.gz"
DIGITS = np.frombuffer(gzip.decompress(IMAGES.read_bytes()), np.uint8, offset=16)
DIGITS = DIGITS.reshape(-1, 28, 28)
CHOSEN = np.random.default_rng(5).choice(len(DIGITS), 12, replace=False)


def packed(pixels: np.ndarray, form: str = "PNG", **options: object) -> bytes:
    packet = io.BytesIO()
    Image.fromarray(np.uint8(np.clip(pixels, 0, 255))).save(packet, form, **options)
    return packet.getvalue()


def enlarged(digit: np.ndarray) -> np.ndarray:
    """Ink 0 to 1, 336 x 336."""
    large = Image.fromarray(digit).resize((336, 336), Image.Resampling.BICUBIC)
    return np.asarray(large, np.float64) / 255


def on_a_page(digit: np.ndarray) -> np.ndarray:
    page = np.zeros((480, 640))
    page[100:436, 150:486] = enlarged(digit)
    return page


def filtered(ink: np.ndarray, kind: type, size: int) -> np.ndarray:
    sharp = Image.fromarray(np.uint8((ink > 0.5) * 255))
    return np.asarray(sharp.filter(kind(size)), np.float64) / 255


def photographed(digit: np.ndarray, paper: float, ink: float, darkest: float) -> bytes:
    """With light from one side, blur, noise and JPEG artefacts."""
    scene = paper + (ink - paper) * on_a_page(digit)
    scene *= 1 - (1 - darkest) * np.linspace(0, 1, 640)
    soft = Image.fromarray(np.uint8(scene)).filter(ImageFilter.GaussianBlur(1.5))
    return packed(soft + np.random.default_rng(1).normal(0, 6, scene.shape), "JPEG", quality=60)


def specked(digit: np.ndarray) -> bytes:
    page = 255 - 255 * on_a_page(digit)
    for row, column in np.random.default_rng(2).integers(0, 470, (30, 2)):
        page[row : row + 3, column : column + 3] = 60
    return packed(page)


def on_a_table(digit: np.ndarray) -> bytes:
    page = 200 - 140 * on_a_page(digit)
    page *= np.linspace(1, 0.7, 640)
    page[:, :60] = page[440:] = 80
    return packed(page, "JPEG", quality=70)


def see_through(digit: np.ndarray, ink: int) -> bytes:
    opacity = enlarged(digit) * 255
    return packed(np.dstack([np.full((336, 336, 3), ink), opacity]))


def palette(digit: np.ndarray) -> bytes:
    packet = io.BytesIO()
    Image.fromarray(np.uint8(255 - 255 * enlarged(digit))).convert("P").save(packet, "PNG")
    return packet.getvalue()


def sixteen_bits(digit: np.ndarray) -> bytes:
    packet = io.BytesIO()
    Image.fromarray(np.uint16((1 - enlarged(digit).clip(0, 1)) * 65535)).save(packet, "PNG")
    return packet.getvalue()


def one_bit(digit: np.ndarray) -> bytes:
    packet = io.BytesIO()
    Image.fromarray(enlarged(digit) < 0.5).save(packet, "PNG")
    return packet.getvalue()


def turned(digit: np.ndarray) -> bytes:
    """Rotated, with the EXIF tag for it, as cameras store it."""
    exif = Image.Exif()
    exif[0x0112] = 6
    return packed(np.rot90(255 - 255 * enlarged(digit)), "JPEG", exif=exif)


WAYS: dict[str, Callable[[np.ndarray], bytes]] = {
    "white on black": lambda digit: packed(255 * enlarged(digit)),
    "black on white": lambda digit: packed(255 - 255 * enlarged(digit)),
    "thin": lambda digit: packed(255 - 255 * filtered(enlarged(digit), ImageFilter.MinFilter, 9)),
    "thick": lambda digit: packed(255 - 255 * filtered(enlarged(digit), ImageFilter.MaxFilter, 9)),
    "in a corner": lambda digit: packed(255 - 255 * np.pad(enlarged(digit), ((0, 300), (400, 0)))),
    "photo": lambda digit: photographed(digit, 210, 60, 0.6),
    "dark photo": lambda digit: photographed(digit, 170, 80, 0.35),
    "chalk": lambda digit: photographed(digit, 60, 220, 0.7),
    "specks": specked,
    "on a table": on_a_table,
    "black ink, no ground": lambda digit: see_through(digit, 0),
    "white ink, no ground": lambda digit: see_through(digit, 255),
    "palette": palette,
    "16 bits": sixteen_bits,
    "1 bit": one_bit,
    "turned": turned,
    "WebP": lambda digit: packed(255 - 255 * enlarged(digit), "WEBP"),
    "BMP": lambda digit: packed(255 - 255 * enlarged(digit), "BMP"),
    "animated": lambda digit: packed(
        255 - 255 * enlarged(digit), save_all=True, append_images=[Image.new("L", (336, 336))]
    ),
}


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_a_picture_of_a_digit_is_converted_to_the_mnist_image(way: Callable[[np.ndarray], bytes]):
    """Except for a shift by one pixel, from rounding the centre of mass."""
    likeness = []
    for number in CHOSEN:
        seen = read_picture(way(DIGITS[number])).reshape(28, 28)
        likeness.append(
            max(
                np.corrcoef(np.roll(seen, (y, x), (0, 1)).ravel(), DIGITS[number].ravel())[0, 1]
                for y in (-1, 0, 1)
                for x in (-1, 0, 1)
            )
        )
    assert np.median(likeness) > 0.85
    assert min(likeness) > 0.6


@pytest.mark.parametrize("inverted", [False, True])
def test_an_image_in_mnist_form_is_unchanged(inverted: bool):
    for digit in DIGITS[:500]:
        seen = read_picture(packed(255 - digit if inverted else digit))
        np.testing.assert_allclose(seen, digit.ravel() / 255, atol=1e-6)


def test_every_result_has_mnist_form():
    for number in CHOSEN:
        seen = read_picture(photographed(DIGITS[number], 210, 60, 0.6))
        assert (seen.shape, seen.dtype) == ((784,), np.float32)
        assert (seen.min(), seen.max()) == (0, 1)
        ink = seen.reshape(28, 28)
        rows, columns = np.flatnonzero(ink.any(1)), np.flatnonzero(ink.any(0))
        assert max(np.ptp(rows), np.ptp(columns)) + 1 in (19, 20)
        middle = (np.arange(28) @ ink.sum(1), np.arange(28) @ ink.sum(0)) / ink.sum()
        np.testing.assert_allclose(middle, 14, atol=0.51)


@pytest.mark.parametrize(
    "pixels",
    [
        np.full((200, 300), 255),
        np.zeros((28, 28)),
        np.full((1, 1), 7),
        np.full((1, 5000), 90),
        np.tile(np.linspace(90, 220, 300), (200, 1)),
        np.random.default_rng(3).normal(128, 20, (300, 300)),
    ],
    ids=["white", "black", "one pixel", "a line", "light from one side", "noise"],
)
def test_a_blank_picture_is_refused(pixels: np.ndarray):
    with pytest.raises(PictureError, match="send one digit"):
        read_picture(packed(pixels))


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


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.stem)
def test_the_sample_pictures_are_read(sample: Path):
    assert 0.03 < read_picture(sample.read_bytes()).mean() < 0.35
