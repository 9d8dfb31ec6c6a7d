"""Digits of MNIST as people draw, photograph and save them."""

import gzip
import io
from collections.abc import Callable

import numpy as np
from PIL import Image, ImageFilter

from support.processes import ROOT

IMAGES = ROOT / "trainer" / "data" / "t10k-images-idx3-ubyte.gz"
DIGITS = np.frombuffer(gzip.decompress(IMAGES.read_bytes()), np.uint8, offset=16)
DIGITS = DIGITS.reshape(-1, 28, 28)


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
