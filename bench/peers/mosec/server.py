"""mosec: an HTTP server in Rust and two Python worker processes, each with an ONNX session.

CODEC=default keeps mosec's JSON codec; CODEC=msgspec overrides it, as its documentation allows.
"""

import os

import msgspec
import numpy as np
from mosec import Server, Worker


class Classifier(Worker):
    """Predicts `{"image": [784 numbers]}`, decoded and encoded by mosec's JSON codec."""

    def __init__(self) -> None:
        import onnxruntime  # only in the worker processes

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        self.session = onnxruntime.InferenceSession(os.environ["MODEL_FILE"], options)
        self.input = self.session.get_inputs()[0].name

    def forward(self, data: dict) -> dict:
        """Predict one request."""
        return self.predict(np.asarray(data["image"], np.float32).reshape(-1, 784))

    def predict(self, images: np.ndarray) -> dict:
        """Run the ONNX model on float32 (n, 784)."""
        probabilities = self.session.run(None, {self.input: images})[0]
        return {
            "predictions": probabilities.argmax(1).tolist(),
            "probabilities": probabilities.tolist(),
        }


class Single(msgspec.Struct):
    """A request in JSON: one image, 784 numbers."""

    image: list[float]


class Batch(msgspec.Struct):
    """A request in MessagePack: any number of images as float32."""

    images: bytes


class TypedClassifier(Classifier):
    """The same with msgspec as codec, which adds MessagePack, mosec's binary format."""

    def __init__(self) -> None:
        super().__init__()
        self.decode_json = msgspec.json.Decoder(Single).decode
        self.decode_msgpack = msgspec.msgpack.Decoder(Batch).decode

    def deserialize(self, data: bytes) -> np.ndarray:
        """Return float32 (n, 784). JSON starts with `{`, a MessagePack map never does."""
        if data[:1] == b"{":
            return np.asarray(self.decode_json(data).image, np.float32).reshape(1, 784)
        return np.frombuffer(self.decode_msgpack(data).images, np.float32).reshape(-1, 784)

    def forward(self, data: np.ndarray) -> dict:
        """Predict one request."""
        return self.predict(data)

    def serialize(self, data: dict) -> bytes:
        """Encode the response as JSON."""
        return msgspec.json.encode(data)


if __name__ == "__main__":
    server = Server()
    codecs = {"default": Classifier, "msgspec": TypedClassifier}
    server.append_worker(codecs[os.environ["CODEC"]], num=2)
    server.run()
