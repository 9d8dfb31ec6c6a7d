"""Keras to ONNX by tf2onnx, and a check that the API takes the result."""

import re
from pathlib import Path
from typing import Any

import keras  # type: ignore[import-untyped]  # ships no types
import onnx
import tensorflow as tf  # type: ignore[import-untyped]  # ships no types
import tf2onnx  # type: ignore[import-untyped]  # ships no types
from tensorflow.python.framework.convert_to_constants import (  # type: ignore[import-untyped]
    convert_variables_to_constants_v2,
)

from mnist_trainer.errors import TrainerError
from mnist_trainer.export import onnx_operators  # noqa: F401 - registers them with tf2onnx
from mnist_trainer.signature import PIXELS

MAX_BYTES = 32 * 1024**2  # of a model.onnx that the API takes
ADVICE = (
    "use another layer or activation. All activations of Keras can be exported, and Dense, "
    "convolution, pooling, normalisation, dropout, noise, reshaping and LSTM layers"
)


class ExportError(TrainerError):
    """A model cannot be exported, or its files cannot be written; the message says why."""


def convert(model: keras.Sequential, file: Path) -> None:
    """Write ``model`` as an ONNX file, float32 [n, 784] → float32 [n, 10].

    Raises ExportError unless it has what the API requires: at most 32 MB, and ONNX's own operators
    without control flow. `model.export` makes constants of some layers, such as Normalization, into
    inputs.
    """
    _check_size(4 * model.count_params())  # first: a very large model cannot be converted
    try:
        converted = _convert(model)
    except Exception as error:  # of any kind: Keras' and tf2onnx's
        message = shorten_error(error)
        raise ExportError(f"The model cannot be exported to ONNX: {message}; {ADVICE}.") from error
    for node in converted.graph.node:
        _check_operator(node, model)
    _check_size(converted.ByteSize())
    onnx.save(converted, file)


def shorten_error(error: Exception) -> str:
    """Return the beginning of an error's message in one line, without Keras' colours."""
    return " ".join(re.sub(r"\x1b\[\d*m", "", str(error)).split())[:300].rstrip(".")


def find_layer(node: str, model: keras.Sequential) -> str:
    """Return the layer of an ONNX node, whose name is a path such as `mnist/dense_1/Gelu/Erf`."""
    scopes = node.split("/")
    scopes += [re.sub(r"_\d+$", "", scope) for scope in scopes]  # a repeated scope has a number
    found = [layer for layer in model.layers if layer.name in scopes]
    return f"layer {found[0].name} ({type(found[0]).__name__})" if found else "one of the layers"


def _check_size(size: int) -> None:
    if size > MAX_BYTES:
        raise ExportError(
            f"The model has {size / 1024**2:.1f} MB in ONNX, and the API loads at most "
            f"{MAX_BYTES // 1024**2} MB; use fewer or narrower layers."
        )


def _convert(model: keras.Sequential) -> Any:
    model(tf.zeros((1, PIXELS)), training=False)  # its errors are clearer than those of a trace
    entry = tf.TensorSpec((None, PIXELS), tf.float32, name="pixels")
    predict = tf.function(lambda pixels: tf.cast(model(pixels, training=False), tf.float32))
    frozen = convert_variables_to_constants_v2(
        predict.get_concrete_function(entry),
        lower_control_flow=False,  # tf2onnx recognises an LSTM by its loop
    )
    inputs, outputs = ([each.name for each in ends] for ends in (frozen.inputs, frozen.outputs))
    graph = frozen.graph.as_graph_def(add_shapes=True)
    converted, _ = tf2onnx.convert.from_graph_def(graph, model.name, inputs, outputs)
    return converted


def _check_operator(node: Any, model: keras.Sequential) -> None:
    if any(attribute.HasField("g") for attribute in node.attribute):
        raise ExportError(
            f"In ONNX {find_layer(node.name, model)} becomes a loop, which the API does not run; "
            "use LSTM, or set unroll=True of GRU or SimpleRNN."
        )
    if node.domain or not onnx.defs.has(node.op_type):
        raise ExportError(
            f"ONNX lacks the operator {node.op_type}, which {find_layer(node.name, model)} needs; "
            f"{ADVICE}."
        )
