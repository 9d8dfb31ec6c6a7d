"""Files that are not read, each with a part of the sentence that says what it is and what to do."""

import gzip
import io
import json
import pickle
import zipfile

import numpy as np
from PIL import Image

from support.pictures.digits import DATA


def _save(form: str) -> bytes:
    file = io.BytesIO()
    Image.new("L", (40, 40), 200).save(file, form)
    return file.getvalue()


def _archive(*names: str) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name in names:
            archive.writestr(name, bytes(2000))
    return file.getvalue()


def _arrays() -> bytes:
    file = io.BytesIO()
    np.savez(file, x_test=np.zeros((2, 784), np.uint8))
    return file.getvalue()


SEND = "send a PNG, JPEG, WebP or BMP file"
SVG = b"<svg xmlns='http://www.w3.org/2000/svg'/>"
FILES = {
    "GIF": (_save("GIF"), f"a GIF: {SEND}"),
    "TIFF": (_save("TIFF"), f"a TIFF picture: {SEND}"),
    "TIFF, the big end first": (b"MM\0*\0\0\0\x08", f"a TIFF picture: {SEND}"),
    "AVIF": (b"\0\0\0\x20ftypavif\0\0\0\0", f"an AVIF picture: {SEND}"),
    "HEIC": (b"\0\0\0\x24ftypheic\0\0\0\0mif1", f"a HEIC picture: {SEND}"),
    "HEIF": (b"\0\0\0\x18ftypmif1\0\0\0\0", "Most Compatible"),
    "JPEG XL": (b"\0\0\0\x0cJXL \r\n\x87\n", f"a JPEG XL picture: {SEND}"),
    "JPEG 2000": (_save("JPEG2000"), f"a JPEG 2000 picture: {SEND}"),
    "video": (b"\0\0\0\x18ftypmp42", f"a video: {SEND}"),
    "video of a browser": (b"\x1a\x45\xdf\xa3\x9f", f"a video: {SEND}"),
    "Photoshop": (b"8BPS\0\x01", f"a Photoshop file: {SEND}"),
    "PDF": (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3", f"a PDF document: {SEND}"),
    "SVG": (SVG, f"an SVG drawing: {SEND}"),
    "SVG of an editor": (
        b'\xef\xbb\xbf<?xml version="1.0"?>\n<!-- a -->\n' + SVG, f"an SVG drawing: {SEND}",
    ),
    "HTML": (b"\n<!DOCTYPE html>\n<html>", f"an HTML page, as a failed download leaves it: {SEND}"),
    "HTML without a type": (b"<html lang=en>", "an HTML page"),
    "npz": (_arrays(), "an .npz archive: send one array of it as np.save writes it"),
    "docx": (_archive("[Content_Types].xml", "word/document.xml"), "a ZIP archive or a document"),
    "PyTorch": (_archive("archive/data.pkl"), "a ZIP archive or a document"),
    "pickle": (pickle.dumps(np.zeros(784)), "a pickle, which is never read"),
    "an old pickle": (pickle.dumps([0] * 784, 2), "a pickle, which is never read"),
    "HDF5": (b"\x89HDF\r\n\x1a\n", "an HDF5 file"),
    "gzip": (gzip.compress(bytes(784)), "compressed by gzip: decompress it, or add the header"),
    "MNIST's images": (
        gzip.decompress((DATA / "t10k-images-idx3-ubyte.gz").read_bytes())[: 16 + 784],
        "an IDX file of MNIST: leave out its first 16 bytes",
    ),
    "JSON": (json.dumps({"image": [0] * 784}).encode(), "JSON: send it with the content type"),
    "JSON with a mark": (b'\xef\xbb\xbf {\n "image" : [0]}', "JSON: send it with the content type"),
    "data URL": (b"data:image/png;base64,iVBORw0KGgo=", 'send {"image": "data:image/png;base64,'),
    "base64 of a PNG": (b"iVBORw0KGgoAAAANSUhEUg==", "base64: send"),
    "base64 of a JPEG": (b"/9j/4AAQSkZJRgABAQAAAQ==", "base64: send"),
}  # fmt: skip
