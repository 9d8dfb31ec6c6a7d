"""BentoML: two worker processes, each with an HTTP server and an ONNX session."""

import os
from typing import Annotated, Any

import bentoml
import numpy as np
from bentoml.validators import ContentType, DType, Shape

Image = Annotated[np.ndarray, Shape((784,)), DType("float32")]
Images = Annotated[bytes, ContentType("application/octet-stream")]


@bentoml.service(workers=2, logging={"access": {"enabled": False}})
class Classifier:
    """Asynchronous methods: inference this short is faster in the event loop than in a thread."""

    def __init__(self) -> None:
        import onnxruntime  # only in the worker processes

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        self.session = onnxruntime.InferenceSession(os.environ["MODEL_FILE"], options)
        self.input = self.session.get_inputs()[0].name

    @bentoml.api
    async def single(self, image: Image) -> dict[str, Any]:
        """Predict one image, sent as JSON."""
        return self._predict(image.reshape(1, 784))

    @bentoml.api
    async def batch(self, images: Images, /) -> dict[str, Any]:
        """Predict any number of images, sent as raw float32."""
        return self._predict(np.frombuffer(images, np.float32).reshape(-1, 784))

    def _predict(self, images: np.ndarray) -> dict[str, Any]:
        output = self.session.run(None, {self.input: images})[0]
        return {"predictions": output.argmax(1).tolist(), "probabilities": output.tolist()}
