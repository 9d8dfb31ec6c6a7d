"""Saves the ONNX file as an MLflow model, and the images as Parquet.

Arguments: the ONNX file, a file of float32 (n, 784), the folder to write to, which is replaced.
"""

import shutil
import sys
from pathlib import Path

import mlflow
import numpy as np
import pandas as pd

onnx_file, images, folder = sys.argv[1], sys.argv[2], Path(sys.argv[3])
shutil.rmtree(folder, ignore_errors=True)
folder.mkdir(parents=True)
# No signature: validating each request costs a tenth of the requests per second.
mlflow.pyfunc.save_model(
    folder / "model",
    python_model=Path(__file__).with_name("server.py"),
    artifacts={"onnx_file": onnx_file},
    pip_requirements=["onnxruntime"],
)
rows = list(np.fromfile(images, np.float32).reshape(-1, 784))
pd.DataFrame({"image": rows}).to_parquet(folder / "batch.parquet", compression=None)
