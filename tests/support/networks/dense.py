"""Small ONNX networks whose predictions identify the active one."""

import numpy as np
from onnx import TensorProto, checker, helper, numpy_helper

FLOAT = TensorProto.FLOAT


def digit_network(digit: int, pixels: int = 784, classes: int = 10) -> bytes:
    """Always predicts ``digit``; the brighter the image, the lower the probability."""
    weights = np.zeros((pixels, classes), np.float32)
    weights[:, digit] = -0.005
    bias = np.zeros(classes, np.float32)
    bias[digit] = 9
    return _dense(weights, bias, "Softmax")


def linear_network() -> bytes:
    """Has random weights, so that its output differs for each image."""
    weights = np.random.default_rng(0).normal(0, 0.1, (784, 10)).astype(np.float32)
    return _dense(weights, np.zeros(10, np.float32), "Softmax")


def invalid_network() -> bytes:
    """Its outputs do not add up to 1."""
    return _dense(np.zeros((784, 10), np.float32), np.full(10, 3, np.float32), "Relu")


def _dense(weights: np.ndarray, bias: np.ndarray, activation: str) -> bytes:
    pixels, classes = weights.shape
    graph = helper.make_graph(
        [
            helper.make_node("Gemm", ["image", "weights", "bias"], ["sums"]),
            helper.make_node(activation, ["sums"], ["probabilities"]),
        ],
        "digits",
        [helper.make_tensor_value_info("image", FLOAT, ["batch", pixels])],
        [helper.make_tensor_value_info("probabilities", FLOAT, ["batch", classes])],
        [numpy_helper.from_array(weights, "weights"), numpy_helper.from_array(bias, "bias")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    checker.check_model(model)
    return model.SerializeToString()
