"""Static rules for ONNX files, checked before ONNX Runtime reads them.

A model that passes needs the same memory for all pixels, so that a trial with some is enough.
"""

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import numpy as np

from mnist_api.model import onnx_operators as operators
from mnist_api.model.onnx_model import ModelRefusedError
from mnist_api.model.onnx_schema import read_model

EXTERNAL = 1  # TensorProto.DataLocation
MAX_NAME = 60  # bytes of a name in a message
STRING = 8  # TensorProto.DataType


def check_rules(content: bytes) -> None:
    """Raise ModelRefusedError if the ONNX file ``content`` breaks a rule."""
    try:
        model = read_model(content)
    except ValueError as error:
        raise ModelRefusedError("it is not an ONNX file") from error
    if len(model.functions):
        raise ModelRefusedError(
            f"it defines the function {_text(model.functions[0].name)}; only ONNX's own operators "
            "are supported"
        )
    for node in model.graph.node:
        _check_node(node)
    for tensor in _tensors(model.graph):
        _check_tensor(tensor)
    _check_sizes(model.graph)


def _check_node(node: Any) -> None:
    name = _text(node.op_type)
    if node.domain not in (b"", b"ai.onnx"):
        raise ModelRefusedError(
            f"its operator {name} is of the domain {_text(node.domain)}; only ONNX's own are "
            "supported"
        )
    if name in operators.CONTROL_FLOW or any(
        attribute.HasField("g") or len(attribute.graphs) for attribute in node.attribute
    ):
        raise ModelRefusedError(f"its operator {name} is control flow, which is not supported")
    if name not in operators.SUPPORTED:
        raise ModelRefusedError(f"its operator {name} is not supported")
    for attribute in node.attribute:
        creates_text = attribute.name == b"to" and np.int64(attribute.i).astype(np.int32) == STRING
        if creates_text or attribute.name in (b"value_string", b"value_strings"):
            raise ModelRefusedError(f"its operator {name} creates text; only numbers are supported")


def _tensors(graph: Any) -> Iterator[Any]:
    """Yield every tensor of the file."""
    yield from graph.initializer
    sparse = list(graph.sparse_initializer)
    for node in graph.node:
        for attribute in node.attribute:
            yield attribute.t
            yield from attribute.tensors
            sparse += [attribute.sparse_tensor, *attribute.sparse_tensors]
    for one in sparse:
        yield from (one.values, one.indices)


def _check_tensor(tensor: Any) -> None:
    name = _text(tensor.name) or "without a name"
    if tensor.data_location == EXTERNAL or len(tensor.external_data):
        raise ModelRefusedError(
            f"its tensor {name} is external data, in a file of its own: save the model as one file"
        )
    if tensor.data_type == STRING:
        raise ModelRefusedError(f"its tensor {name} is text; only numbers are supported")


def _check_sizes(graph: Any) -> None:
    """Refuse sizes that depend on pixels or random values, since no trial can bound them.

    A data flow analysis that starts from the input; the order of the nodes does not matter.
    """
    consumers = defaultdict(list)
    for node in graph.node:
        for position, name in enumerate(node.input):
            consumers[name].append((node, position))
    initializers = {tensor.name for tensor in graph.initializer}
    initializers |= {tensor.values.name for tensor in graph.sparse_initializer}
    found = [value.name for value in graph.input if value.name not in initializers]
    for node in graph.node:
        if _text(node.op_type) in operators.RANDOM:
            found += node.output
    seen = set(found)
    while found:
        for node, position in consumers[found.pop()]:
            name = _text(node.op_type)
            if name in operators.BY_ALL_VALUES or (
                name in operators.BY_LATER_VALUES and position > 0
            ):
                raise ModelRefusedError(
                    f"the output size of its operator {name} depends on pixels or random values"
                )
            if name not in operators.SIZES:
                found += [output for output in node.output if output and output not in seen]
                seen.update(node.output)


def _text(name: bytes) -> str:
    return name[:MAX_NAME].decode(errors="replace")
