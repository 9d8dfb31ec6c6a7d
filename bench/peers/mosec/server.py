"""mosec: a front in Rust, and two Python workers that each hold the network.

CODEC=default keeps mosec's own JSON; CODEC=msgspec overrides it, as its documentation allows.
"""

import os

import msgspec
import numpy as np
from mosec import Server, Worker


class Classifier(Worker):
    """Takes `{"image": [784 numbers]}` and answers with mosec's own JSON."""

    def __init__(self) -> None:
        import onnxruntime  # in the workers alone

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        self.session = onnxruntime.InferenceSession(os.environ["MODEL_FILE"], options)
        self.input = self.session.get_inputs()[0].name

    def forward(self, data: dict) -> dict:
        """Answer one request."""
        return self.predict(np.asarray(data["image"], np.float32).reshape(-1, 784))

    def predict(self, images: np.ndarray) -> dict:
        """Run the network on float32 (n, 784)."""
        probabilities = self.session.run(None, {self.input: images})[0]
        return {
            "predictions": probabilities.argmax(1).tolist(),
            "probabilities": probabilities.tolist(),
        }


class Single(msgspec.Struct):
    """The request in JSON: one image, 784 numbers."""

    image: list[float]


class Batch(msgspec.Struct):
    """The request in MessagePack: the float32 of any number of images."""

    images: bytes


class TypedClassifier(Classifier):
    """The same, read and written by msgspec; MessagePack, mosec's binary form, beside JSON."""

    def __init__(self) -> None:
        super().__init__()
        self.read_json = msgspec.json.Decoder(Single).decode
        self.read_msgpack = msgspec.msgpack.Decoder(Batch).decode

    def deserialize(self, data: bytes) -> np.ndarray:
        """Return float32 (n, 784); a first byte of `{` is JSON, and never MessagePack's map."""
        if data[:1] == b"{":
            return np.asarray(self.read_json(data).image, np.float32).reshape(1, 784)
        return np.frombuffer(self.read_msgpack(data).images, np.float32).reshape(-1, 784)

    def forward(self, data: np.ndarray) -> dict:
        """Answer one request."""
        return self.predict(data)

    def serialize(self, data: dict) -> bytes:
        """Write JSON."""
        return msgspec.json.encode(data)


if __name__ == "__main__":
    server = Server()
    codecs = {"default": Classifier, "msgspec": TypedClassifier}
    server.append_worker(codecs[os.environ["CODEC"]], num=2)
    server.run()
