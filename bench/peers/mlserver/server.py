"""MLServer: one FastAPI process and two inference processes; Open Inference Protocol."""

import numpy as np
from mlserver import MLModel
from mlserver.codecs import Base64Codec, NumpyCodec
from mlserver.types import InferenceRequest, InferenceResponse


class Classifier(MLModel):
    """Custom runtime: FP32 numbers in JSON, or float32 as base64, which is faster."""

    async def load(self) -> bool:
        """Load the ONNX model that the settings name."""
        import onnxruntime  # only in the inference processes

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        self.session = onnxruntime.InferenceSession(self.settings.parameters.uri, options)
        self.input = self.session.get_inputs()[0].name
        return True

    async def predict(self, payload: InferenceRequest) -> InferenceResponse:
        """Predict any number of images."""
        tensor = payload.inputs[0]
        if tensor.datatype == "BYTES":
            images = np.frombuffer(Base64Codec.decode_input(tensor)[0], np.float32)
        else:
            images = NumpyCodec.decode_input(tensor)
        output = self.session.run(None, {self.input: images.reshape(-1, 784)})[0]
        return InferenceResponse(
            model_name=self.name,
            outputs=[
                NumpyCodec.encode_output("predictions", output.argmax(1)),
                NumpyCodec.encode_output("probabilities", output),
            ],
        )
