"""Operators of TensorFlow that tf2onnx lacks, registered with it on import."""

from typing import Any

import numpy as np
from tf2onnx.handler import tf_op  # type: ignore[import-untyped]  # ships no types
from tf2onnx.utils import map_onnx_to_numpy_type  # type: ignore[import-untyped]  # the same


@tf_op("Erfc")
class Erfc:
    """1 - erf(x), in the exact gelu."""

    @classmethod
    def version_9(cls, graph: Any, node: Any, **_: Any) -> None:
        """Replace the node; Erf is ONNX's since version 9."""
        value, one = _apply(graph, node, "Erf")
        _subtract(graph, node, one, value)


@tf_op("Expm1")
class Expm1:
    """exp(x) - 1, in celu."""

    @classmethod
    def version_7(cls, graph: Any, node: Any, **_: Any) -> None:
        """Replace the node; Sub broadcasts since version 7."""
        value, one = _apply(graph, node, "Exp")
        _subtract(graph, node, value, one)


def _apply(graph: Any, node: Any, operator: str) -> tuple[str, str]:
    """Return the names of ``operator`` of the node's input, and of a constant 1."""
    dtype, shape = graph.get_dtype(node.output[0]), graph.get_shape(node.output[0])
    applied = graph.make_node(operator, node.input, dtypes=[dtype], shapes=[shape])
    one = graph.make_const(f"{applied.name}_one", np.ones((), map_onnx_to_numpy_type(dtype)))
    return applied.output[0], one.output[0]


def _subtract(graph: Any, node: Any, minuend: str, subtrahend: str) -> None:
    dtype, shape = graph.get_dtype(node.output[0]), graph.get_shape(node.output[0])
    graph.remove_node(node.name)
    graph.make_node(
        "Sub",
        [minuend, subtrahend],
        name=node.name,
        outputs=node.output,
        dtypes=[dtype],
        shapes=[shape],
    )
