"""Pictures that need far more memory or time than their size suggests, and regular large ones."""

import io
import struct
import zlib

from PIL import Image


def packed(image: Image.Image, form: str, **options: object) -> bytes:
    packet = io.BytesIO()
    image.save(packet, form, **options)
    return packet.getvalue()


def drawn(mode: str, width: int, height: int) -> Image.Image:
    """Draw a 1 on white."""
    image = Image.new("RGB", (width, height), "white")
    image.paste("black", (width * 4 // 9, height // 4, width // 2, height * 3 // 4))
    return image.convert(mode)


def png(width: int, height: int, before: bytes = b"", depth: int = 8, kind: int = 0) -> bytes:
    """Write a black PNG with the chunks ``before`` its pixels."""
    row = 1 + -(-width * depth * (1, 0, 3, 1, 2, 0, 4)[kind] // 8)
    header = struct.pack(">IIBBBBB", width, height, depth, kind, 0, 0, 0)
    pixels = chunk(b"IDAT", zlib.compress(bytes(row * height)))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + before + pixels + chunk(b"IEND", b"")


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def exif(tags: int, size: int) -> bytes:
    """Write EXIF tags whose values are all the same ``size`` bytes."""
    entries = b"".join(struct.pack("<HHII", tag, 2, size, 8) for tag in range(tags))
    return b"II*\0\x08\0\0\0" + struct.pack("<H", tags) + entries + bytes(size)


def in_jpeg(segments: bytes) -> bytes:
    """Insert ``segments`` at the start of a JPEG."""
    jpeg = packed(drawn("L", 300, 400), "JPEG")
    return jpeg[:2] + segments + jpeg[2:]


def segment(marker: int, body: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(body) + 2) + body


def compressed_bmp() -> bytes:
    """Write a BMP that repeatedly skips 255 rows of 12 million pixels."""
    body = b"\0\2\0\xff" * 20
    start = 14 + 40 + 1024
    head = b"BM" + struct.pack("<IHHI", start + len(body), 0, 0, start)
    about = struct.pack("<IiiHHIIiiII", 40, 12_000_000, 1, 1, 8, 1, len(body), 0, 0, 256, 256)
    return head + about + bytes(1024) + body


HOSTILE = {  # with a part of the error message
    "WebP, lossless": (packed(Image.new("RGB", (16383, 760)), "WEBP", lossless=True), "6,000,000"),
    "JPEG, CMYK, progressive": (
        packed(Image.new("CMYK", (65000, 384)), "JPEG", progressive=True),
        "12,500,000",
    ),
    "PNG, one row": (png(12_000_000, 1, depth=16, kind=6), "side"),
    "PNG, one column": (png(1, 12_000_000, kind=6), "side"),
    "BMP, compressed": (compressed_bmp(), "compressed"),
    "PNG, EXIF": (png(28, 28, chunk(b"eXIf", exif(65535, 200_000))), "No digit"),
    "WebP, EXIF": (
        packed(Image.new("RGB", (40, 40)), "WEBP", exif=exif(65535, 200_000)),
        "No digit",
    ),
    "PNG, texts": (
        png(28, 28, chunk(b"zTXt", b"k\0\0" + zlib.compress(bytes(10**6))) * 60),
        "No digit",
    ),
    "PNG, profile": (
        png(28, 28, chunk(b"iCCP", b"k\0\0" + zlib.compress(bytes(2 * 10**8)))),
        "No digit",
    ),
    "PNG, a million chunks": (png(28, 28, chunk(b"aaAa", b"") * 10**6), "parts"),
    "JPEG, a million segments": (in_jpeg(segment(0xE5, b"") * 10**6), "parts"),
}
HONEST = {
    "JPEG, EXIF that overlaps": in_jpeg(segment(0xE1, b"Exif\0\0" + exif(3000, 25_000)[:60_000])),
    "PNG, A4 at 300 dpi": packed(drawn("RGBA", 2480, 3508), "PNG"),
    "PNG, 12 million": packed(drawn("RGB", 4000, 3000), "PNG"),
    "JPEG, 12 million": packed(drawn("RGB", 4000, 3000), "JPEG"),
    "JPEG, 24 million": packed(drawn("RGB", 6000, 4000), "JPEG"),
    "JPEG, 12 million, progressive": packed(
        drawn("RGB", 4000, 3000), "JPEG", progressive=True, subsampling=0
    ),
    "JPEG, CMYK, progressive": packed(drawn("CMYK", 4000, 3000), "JPEG", progressive=True),
    "WebP, 6 million": packed(drawn("RGB", 3000, 2000), "WEBP", method=0),
    "WebP, lossless": packed(drawn("RGBA", 3000, 2000), "WEBP", lossless=True, method=0),
    "BMP, 12 million": packed(drawn("RGB", 4000, 3000), "BMP"),
    "PNG, long": png(65_535, 190, depth=16, kind=6)[:-12] + chunk(b"IEND", b""),
}
