"""Writes an untrained 784-256-128-10 network to the ONNX file its argument names."""

import sys
from itertools import pairwise

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

WIDTHS = (784, 256, 128, 10)

random, nodes, weights, last = np.random.default_rng(0), [], [], "pixels"
for layer, (fan_in, fan_out) in enumerate(pairwise(WIDTHS)):
    weight = random.normal(0, (2 / fan_in) ** 0.5, (fan_in, fan_out)).astype(np.float32)
    weights += [
        numpy_helper.from_array(weight, f"w{layer}"),
        numpy_helper.from_array(np.zeros(fan_out, np.float32), f"b{layer}"),
    ]
    activation, answer = ("Softmax", "probabilities") if fan_out == 10 else ("Relu", f"a{layer}")
    nodes += [
        helper.make_node("Gemm", [last, f"w{layer}", f"b{layer}"], [f"sum{layer}"]),
        helper.make_node(activation, [f"sum{layer}"], [answer]),
    ]
    last = answer
graph = helper.make_graph(
    nodes,
    "random",
    [helper.make_tensor_value_info("pixels", TensorProto.FLOAT, ["n", 784])],
    [helper.make_tensor_value_info(last, TensorProto.FLOAT, ["n", 10])],
    weights,
)
model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
onnx.checker.check_model(model)
onnx.save(model, sys.argv[1])
