"""A small digit network, trained in seconds with numpy alone."""

import gzip
from pathlib import Path

import numpy as np
from onnx import TensorProto, helper, numpy_helper

from support.processes import ROOT

DATA = ROOT / "trainer" / "data"
HIDDEN, BATCH, EPOCHS, RATE = 128, 100, 3, 0.1


def train(count: int = 30_000) -> list[np.ndarray]:
    """Return weights and biases of 784-128-10, fitted by gradient descent: about 95% accurate."""
    generator = np.random.default_rng(1)
    images = _bytes("train-images-idx3-ubyte", 16).reshape(-1, 784)[:count].astype("f4") / 255
    labels = np.eye(10, dtype="f4")[_bytes("train-labels-idx1-ubyte", 8)[:count]]
    first = generator.normal(0, 0.05, (784, HIDDEN)).astype("f4")
    second = generator.normal(0, 0.1, (HIDDEN, 10)).astype("f4")
    layers = [first, np.zeros(HIDDEN, "f4"), second, np.zeros(10, "f4")]
    for _ in range(EPOCHS):
        for batch in generator.permutation(count).reshape(-1, BATCH):
            _step(layers, images[batch], labels[batch])
    return layers


def _step(layers: list[np.ndarray], images: np.ndarray, labels: np.ndarray) -> None:
    first, first_bias, second, second_bias = layers
    hidden = np.maximum(images @ first + first_bias, 0)
    exponentials = np.exp(hidden @ second + second_bias)
    probabilities = exponentials / exponentials.sum(1, keepdims=True)
    error = (probabilities - labels) * (4 * RATE / len(images))
    hidden_error = (error @ second.T) * (hidden > 0)
    steps = (images.T @ hidden_error, hidden_error.sum(0), hidden.T @ error, error.sum(0))
    for layer, step in zip(layers, steps, strict=True):
        np.subtract(layer, step, out=layer)


def write(path: Path, layers: list[np.ndarray]) -> None:
    """Write the network as ONNX, float32 [-1, 784] to probabilities [-1, 10]."""
    names = ("w1", "b1", "w2", "b2")
    graph = helper.make_graph(
        [
            helper.make_node("Gemm", ["image", "w1", "b1"], ["sum"]),
            helper.make_node("Relu", ["sum"], ["hidden"]),
            helper.make_node("Gemm", ["hidden", "w2", "b2"], ["logits"]),
            helper.make_node("Softmax", ["logits"], ["probabilities"]),
        ],
        "digits",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, [None, 784])],
        [helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, [None, 10])],
        [numpy_helper.from_array(np.float32(a), n) for n, a in zip(names, layers, strict=True)],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=10)
    path.write_bytes(model.SerializeToString())


def _bytes(name: str, start: int) -> np.ndarray:
    return np.frombuffer(gzip.decompress((DATA / f"{name}.gz").read_bytes()), np.uint8)[start:]
