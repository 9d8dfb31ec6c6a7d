"""Recognizes a file by its first bytes, and says how to send it, or what to send instead."""

import re

NPY_FILE = b"\x93NUMPY"
PNG, JPEG, RIFF, WEBP = b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"RIFF", b"WEBP"
_BASE64 = {b"iVBORw0KGgo": "png", b"/9j/": "jpeg", b"UklGR": "webp", b"Qk": "bmp"}
_LOOKED_AT = 1024  # bytes
_BACKGROUND = bytes(8)  # most raw tensors begin with it, and no file of those below

PICTURE = "send a PNG, JPEG, WebP or BMP file"
UNKNOWN_PICTURE = f"This is not a picture that can be read: {PICTURE}."
# name → pattern, sentence; the first that matches counts. Each has at least three bytes, so that
# pixels hardly begin like it.
_KINDS = {
    "npy": (NPY_FILE, "a .npy file: send it to /predict with the content type application/x-npy"),
    "gzip": (
        rb"\x1f\x8b\x08",
        "compressed by gzip: decompress it, or add the header Content-Encoding: gzip",
    ),
    "gif": (rb"GIF8[79]a", f"a GIF: {PICTURE} of it"),
    "heic": (
        rb".{4}ftyp(?:hei[cmsx]|hev[cmsx]|mif1|msf1)",
        f"a HEIC picture: {PICTURE} of it; an iPhone takes JPEGs with Settings > Camera > Formats "
        "> Most Compatible",
    ),
    "avif": (rb".{4}ftypavi[fs]", f"an AVIF picture: {PICTURE} of it"),
    "video": (rb".{4}ftyp|\x1a\x45\xdf\xa3", f"a video: {PICTURE} of one frame"),
    "jxl": (rb"\0\0\0\x0cJXL \r\n\x87\n", f"a JPEG XL picture: {PICTURE} of it"),
    "jp2": (rb"\0\0\0\x0cjP  \r\n\x87\n", f"a JPEG 2000 picture: {PICTURE} of it"),
    "tiff": (rb"II\*\0|MM\0\*", f"a TIFF picture: {PICTURE} of it"),
    "psd": (rb"8BPS\0\x01", f"a Photoshop file: {PICTURE} of it"),
    "pdf": (rb"%PDF-", f"a PDF document: {PICTURE} of the page"),
    "npz": (
        rb"PK\x03\x04.{26}[\w./-]{1,100}\.npy",
        "an .npz archive: send one array of it as np.save writes it, with the content type "
        "application/x-npy",
    ),
    "zip": (
        rb"PK\x03\x04",
        "a ZIP archive or a document, such as .docx or .pt: unpack it, and send a picture (PNG, "
        "JPEG, WebP or BMP) or what np.save writes",
    ),
    "hdf5": (rb"\x89HDF\r\n\x1a\n", "an HDF5 file: send an array as np.save writes it"),
    "pickle": (
        rb"\x80[\x04\x05]\x95|\x80[\x02\x03][]}(c]",
        "a pickle, which is never read, since it could run code: send what np.save writes",
    ),
    "idx": (
        rb"\0\0\x08\x03\0.{3}\0\0\0\x1c\0\0\0\x1c",
        "an IDX file of MNIST: leave out its first 16 bytes, with tail -c +17",
    ),
    "json": (
        rb"\s*\{\s*\"\w+\"\s*:",
        "JSON: send it with the content type application/json",
    ),
    "dataurl": (
        rb"\s*data:[^,]{0,100},",
        'a data URL: send {"image": "data:image/png;base64,..."} with the content type '
        "application/json",
    ),
    "base64": (
        rb"iVBORw0KGgo|/9j/[4-7]|UklGR[\w+/]{10}",
        'base64: send {"image": "data:image/png;base64,..."} with the content type '
        "application/json, or the picture's bytes",
    ),
    "html": (
        rb"\s*<(?i:!doctype html|html|head|body)\b",
        f"an HTML page, as a failed download leaves it: {PICTURE}",
    ),
    "svg": (rb"\s*<(?:svg\b|[?!][^\0]*<svg\b)", f"an SVG drawing: {PICTURE} of it"),
}
_find_kind = re.compile(
    b"(?:\xef\xbb\xbf)?(?:%b)"
    % b"|".join(b"(?P<%b>%b)" % (name.encode(), kind[0]) for name, kind in _KINDS.items()),
    re.DOTALL,
).match


def find_picture_type(content: bytes) -> str | None:
    """Return the media type of a PNG, JPEG or WebP file, None of anything else.

    A BMP begins with two bytes, which are too few to tell it from pixels.
    """
    if content.startswith((PNG, JPEG)):
        return "image/png" if content.startswith(PNG) else "image/jpeg"
    if content.startswith(RIFF) and content.startswith(WEBP, 8):
        return "image/webp"
    return None


def describe_file(content: bytes) -> str | None:
    """Return what the file is and what to do, a sentence; None if it is unknown."""
    if content.startswith(_BACKGROUND):
        return None
    if media_type := find_picture_type(content):
        return f"This is a picture: send it to /predict with the content type {media_type}."
    kind = _find_kind(content[:_LOOKED_AT])
    return f"This is {_KINDS[kind.lastgroup or ''][1]}." if kind else None


def find_base64_type(text: bytes) -> str | None:
    """Return the media type of a picture from the first letters of its base64."""
    found = (name for prefix, name in _BASE64.items() if text.startswith(prefix))
    name = next(found, None)
    return name and f"image/{name}"
