"""LitServe: two FastAPI processes and two inference processes, connected by ZeroMQ."""

import os
from typing import Annotated, Any

import litserve
import numpy as np
from fastapi import Body


class Classifier(litserve.LitAPI):
    """Decode, predict and encode, all three in the inference process."""

    def setup(self, device: str) -> None:
        """Load the ONNX model; `device` is always the CPU here."""
        import onnxruntime  # only in the inference processes

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        self.session = onnxruntime.InferenceSession(os.environ["MODEL_FILE"], options)
        self.input = self.session.get_inputs()[0].name

    def decode_request(self, request: Annotated[Any, Body()]) -> np.ndarray:
        """Return float32 (n, 784), from JSON's `image` or from raw float32 (octet-stream)."""
        if isinstance(request, bytes):
            return np.frombuffer(request, np.float32).reshape(-1, 784)
        return np.asarray(request["image"], np.float32).reshape(1, 784)

    def predict(self, x: np.ndarray) -> np.ndarray:
        """Return the probabilities, float32 (n, 10)."""
        return self.session.run(None, {self.input: x})[0]

    def encode_response(self, output: np.ndarray) -> dict:
        """Return the response, which LitServe encodes as JSON."""
        return {"predictions": output.argmax(1).tolist(), "probabilities": output.tolist()}


if __name__ == "__main__":
    server = litserve.LitServer(
        Classifier(), accelerator="cpu", devices=1, workers_per_device=2, fast_queue=True
    )
    server.run(
        host="127.0.0.1",
        port=int(os.environ["PORT"]),
        num_api_servers=2,
        generate_client_file=False,
        log_level="warning",
        access_log=False,
    )
