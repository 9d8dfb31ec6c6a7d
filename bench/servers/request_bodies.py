"""The first 256 test images, encoded as the request bodies that the servers accept."""

import base64
import gzip
import json
import struct
from dataclasses import dataclass
from pathlib import Path

from local.environments import ROOT

TEST_IMAGES = ROOT / "trainer" / "data" / "t10k-images-idx3-ubyte.gz"
BATCH_SIZE, PIXELS = 256, 784


@dataclass(frozen=True)
class Images:
    """256 images: pixels 0 to 1 as lists and as little-endian float32, pixels 0 to 255 as uint8."""

    pixels: list[list[float]]
    float32: bytes
    uint8: bytes

    def encode_json(self) -> bytes:
        """Encode one image for the API, 5.7 kB."""
        return json.dumps({"image": self.pixels[0]}).encode()

    def encode_mlflow_json(self) -> bytes:
        """Encode one image for `mlflow models serve`."""
        return json.dumps({"inputs": self.pixels[:1]}).encode()

    def encode_v2_json(self) -> bytes:
        """Encode one image in the JSON of the Open Inference Protocol, version 2."""
        tensor: dict[str, object] = {"name": "image", "shape": [1, PIXELS], "datatype": "FP32"}
        return json.dumps({"inputs": [tensor | {"data": self.pixels[0]}]}).encode()

    def encode_v2_base64(self) -> bytes:
        """Encode all images in the same JSON, as base64 of float32: an extension of MLServer."""
        shape = [BATCH_SIZE, PIXELS]
        tensor: dict[str, object] = {"name": "image", "shape": shape, "datatype": "BYTES"}
        data = [base64.b64encode(self.float32).decode()]
        tensor |= {"parameters": {"content_type": "base64"}, "data": data}
        return json.dumps({"inputs": [tensor]}).encode()

    def encode_msgpack(self) -> bytes:
        """Encode all images as MessagePack: a map with one entry, `images`, a bin32 of float32."""
        return b"\x81\xa6images\xc6" + struct.pack(">I", len(self.float32)) + self.float32


def read_images(path: Path = TEST_IMAGES) -> Images:
    """Read the first 256 images of a gzipped IDX file."""
    with gzip.open(path) as file:
        uint8 = file.read(16 + BATCH_SIZE * PIXELS)[16:]
    rows = [uint8[at : at + PIXELS] for at in range(0, len(uint8), PIXELS)]
    pixels = [[byte / 255 for byte in row] for row in rows]
    float32 = struct.pack(f"<{len(uint8)}f", *(byte / 255 for byte in uint8))
    return Images(pixels, float32, uint8)
