"""Writes a 784-256-128-10 network with random weights to the ONNX file its argument names.

Runs in the environment api-test, the one with the package onnx.
"""

import sys
from itertools import pairwise

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

WIDTHS = (784, 256, 128, 10)


def build_model() -> onnx.ModelProto:
    """Build dense layers with ReLU between them and softmax after the last one."""
    random, nodes, weights, tensor = np.random.default_rng(0), [], [], "pixels"
    for layer, (fan_in, fan_out) in enumerate(pairwise(WIDTHS)):
        weight = random.normal(0, (2 / fan_in) ** 0.5, (fan_in, fan_out)).astype(np.float32)
        weights += [
            numpy_helper.from_array(weight, f"w{layer}"),
            numpy_helper.from_array(np.zeros(fan_out, np.float32), f"b{layer}"),
        ]
        is_last = fan_out == WIDTHS[-1]
        activation, output = ("Softmax", "probabilities") if is_last else ("Relu", f"a{layer}")
        nodes += [
            helper.make_node("Gemm", [tensor, f"w{layer}", f"b{layer}"], [f"sum{layer}"]),
            helper.make_node(activation, [f"sum{layer}"], [output]),
        ]
        tensor = output
    graph = helper.make_graph(
        nodes,
        "random",
        [helper.make_tensor_value_info("pixels", TensorProto.FLOAT, ["n", WIDTHS[0]])],
        [helper.make_tensor_value_info(tensor, TensorProto.FLOAT, ["n", WIDTHS[-1]])],
        weights,
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)


if __name__ == "__main__":
    model = build_model()
    onnx.checker.check_model(model)
    onnx.save(model, sys.argv[1])
