"""`mlflow models serve`: uvicorn with two worker processes that each load this Python model."""

from typing import Any

import mlflow
import numpy as np
import pandas as pd


class Classifier(mlflow.pyfunc.PythonModel):
    """Runs the ONNX file that is saved as its artifact."""

    def load_context(self, context: Any) -> None:
        """Load the ONNX model."""
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        self.session = onnxruntime.InferenceSession(context.artifacts["onnx_file"], options)
        self.input = self.session.get_inputs()[0].name

    def predict(self, context: Any, model_input: Any, params: Any = None) -> np.ndarray:
        """Predict an array (`inputs` in JSON), or a data frame with an image per row (Parquet)."""
        if isinstance(model_input, pd.DataFrame):
            model_input = np.stack(model_input["image"].to_numpy())
        return self.session.run(None, {self.input: np.asarray(model_input, np.float32)})[0]


mlflow.models.set_model(Classifier())
