"""Real digits, and every form in which they are sent: one image, or 256 at once."""

import base64
import gzip
import json
import struct
from dataclasses import dataclass
from pathlib import Path

from local.environments import ROOT

IMAGES = ROOT / "trainer" / "data" / "t10k-images-idx3-ubyte.gz"
COUNT, PIXELS = 256, 784


@dataclass(frozen=True)
class Digits:
    """The first 256 test images; pixels 0 to 1, the same as little-endian float32, and as bytes."""

    images: list[list[float]]
    raw: bytes
    octets: bytes

    def as_json(self) -> bytes:
        """One image as the API takes it, 5.7 kB."""
        return json.dumps({"image": self.images[0]}).encode()

    def as_inputs(self) -> bytes:
        """One image as `mlflow models serve` takes it."""
        return json.dumps({"inputs": self.images[:1]}).encode()

    def as_v2(self) -> bytes:
        """One image in the JSON of the Open Inference Protocol."""
        tensor: dict[str, object] = {"name": "image", "shape": [1, PIXELS], "datatype": "FP32"}
        return json.dumps({"inputs": [tensor | {"data": self.images[0]}]}).encode()

    def as_v2_base64(self) -> bytes:
        """All images in the same JSON, as base64 of float32: MLServer's own extension."""
        tensor: dict[str, object] = {"name": "image", "shape": [COUNT, PIXELS], "datatype": "BYTES"}
        data = [base64.b64encode(self.raw).decode()]
        tensor |= {"parameters": {"content_type": "base64"}, "data": data}
        return json.dumps({"inputs": [tensor]}).encode()

    def as_msgpack(self) -> bytes:
        """All images as MessagePack of `{"images": float32}`: a map of one, a str, a bin32."""
        return b"\x81\xa6images\xc6" + struct.pack(">I", len(self.raw)) + self.raw


def read_digits(path: Path = IMAGES) -> Digits:
    """Read the first 256 images of an IDX file."""
    with gzip.open(path) as file:
        pixels = file.read(16 + COUNT * PIXELS)[16:]
    rows = [pixels[at : at + PIXELS] for at in range(0, len(pixels), PIXELS)]
    images = [[byte / 255 for byte in row] for row in rows]
    raw = struct.pack(f"<{len(pixels)}f", *(byte / 255 for byte in pixels))
    return Digits(images, raw, pixels)
