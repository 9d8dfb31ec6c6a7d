"""ONNX files that look like a digit classifier and are hostile."""

from collections.abc import Callable

import numpy as np
from onnx import ModelProto, TensorProto, helper, numpy_helper

from support.networks.costly import (
    BY_PIXELS,
    by_chance,
    by_count,
    by_pixels_out_of_order,
    fill,
    loop,
    network_with,
    node,
    numbers,
    outer,
    slow,
    subgraph,
)
from support.networks.dense import digit_network


def _external(location: str) -> ModelProto:
    """Its weights are in another file."""
    model = ModelProto.FromString(digit_network(3))
    _make_external(model.graph.initializer[0], location)
    return model


def _make_external(tensor: TensorProto, location: str) -> None:
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value=location)


def _external_constant(location: str) -> ModelProto:
    tensor = numbers("", 0, kind=np.float32)
    _make_external(tensor, location)
    return network_with([node("Constant", "", "harm", value=tensor)])


def _external_sparse(location: str) -> ModelProto:
    values = numbers("harm", 0, kind=np.float32)
    _make_external(values, location)
    model = network_with([])
    model.graph.sparse_initializer.add(values=values, indices=numbers("", 0), dims=[1])
    return model


def _text() -> ModelProto:
    """Copies a long text once for each bright pixel."""
    texts = [numpy_helper.from_array(np.array(["x" * 9999], object), "long")]
    nodes = [
        node("Cast", "image", "flags", to=TensorProto.BOOL),
        node("Where", "flags long long", "texts"),
        node("Shape", "texts", "shape"),
        node("Cast", "shape", "harm", to=TensorProto.FLOAT),
    ]
    return network_with(nodes, texts)


def _makes_text() -> ModelProto:
    nodes = [node("Cast", "image", "texts", to=TensorProto.STRING)]
    return network_with([*nodes, node("Identity", "none", "harm")])


def _makes_text_by_large_number() -> ModelProto:
    nodes = [node("Cast", "image", "texts", to=TensorProto.STRING + 2**32)]
    return network_with([*nodes, node("Identity", "none", "harm")])


def _costs_by_values(operator: str) -> ModelProto:
    """Takes memory or time that depends on the values of its operands."""
    return network_with([node(operator, "image", "costly"), node("Identity", "none", "harm")])


def _custom() -> ModelProto:
    model = network_with([helper.make_node("Gelu", ["none"], ["harm"], domain="com.microsoft")])
    model.opset_import.add(domain="com.microsoft", version=1)
    return model


def _function() -> ModelProto:
    opsets = [helper.make_opsetid("", 17)]
    body = [node("Relu", "x", "y")]
    function = helper.make_function("own", "Double", ["x"], ["y"], body, opsets)
    model = network_with([helper.make_node("Double", ["none"], ["harm"], domain="own")])
    model.opset_import.add(domain="own", version=1)
    model.functions.append(function)
    return model


def _ugly_name() -> ModelProto:
    return network_with([node("Evil\n[ERROR]\x1b[31m\u202e" + "x" * 5000, "none", "harm")])


def _future() -> ModelProto:
    return network_with([node("Relu", "none", "harm")], opset=999)


def _many_nodes() -> ModelProto:
    nodes = [node("Relu", f"n{i}", f"n{i + 1}") for i in range(150_000)]
    nodes[0].input[0] = "none"
    return network_with([*nodes, node("Identity", "n150000", "harm")])


def _nested() -> bytes:
    """Graphs in attributes of nodes of graphs, ten thousand deep."""
    content = b""
    for _ in range(10_000):
        content = _field(1, _field(5, _field(6, content)))  # node, attribute, graph
    return _field(7, content)


def _field(number: int, content: bytes) -> bytes:
    length, size = len(content), b""
    while length >= 0x80:
        size += bytes([length & 0x7F | 0x80])
        length >>= 7
    return bytes([number << 3 | 2]) + size + bytes([length]) + content


def _other_format() -> bytes:
    """Starts like ONNX Runtime's own format, to bypass the rules for ONNX."""
    return b"\xa2\x06\x7fORTM" + b"\0" * 124 + digit_network(3)


# Each with a part of the error message.
HOSTILE: dict[str, tuple[Callable[[], ModelProto | bytes], str]] = {
    "4 GB": (fill, "it needs more than"),
    "an outer sum": (outer, "it needs more than"),
    "an endless loop": (loop, "its operator Loop is control flow"),
    "a hidden graph": (subgraph, "its operator Relu is control flow"),
    **{
        f"{name} by pixels": (make, f"the output size of its operator {name} depends on pixels")
        for name, make in BY_PIXELS.items()
    },
    "out of order": (by_pixels_out_of_order, "output size of its operator Expand depends on"),
    "by a count": (by_count, "output size of its operator NonZero depends on"),
    "by random values": (by_chance, "output size of its operator ConstantOfShape depends on"),
    "slow": (slow, "of CPU time"),
    "external weights": (lambda: _external("secret.bin"), "its tensor weights is external data"),
    "an external constant": (lambda: _external_constant("secret.bin"), "is external data"),
    "external sparse weights": (lambda: _external_sparse("secret.bin"), "is external data"),
    "text": (_text, "its tensor long is text"),
    "made text": (_makes_text, "its operator Cast creates text"),
    "made text by a large number": (_makes_text_by_large_number, "its operator Cast creates text"),
    "areas by pixels": (lambda: _costs_by_values("RoiAlign"), "its operator RoiAlign is not"),
    "remainders by pixels": (lambda: _costs_by_values("Mod"), "its operator Mod is not"),
    "a custom operator": (_custom, "is of the domain com.microsoft"),
    "a function": (_function, "it defines the function Double"),
    "an ugly name": (_ugly_name, "its operator Evil?[ERROR]?[31m?xxx"),
    "the future": (_future, "can't load it"),
    "many nodes": (_many_nodes, ""),
    "deep nesting": (_nested, "it is not an ONNX file"),
    "another format": (_other_format, ""),
}


def hostile(name: str) -> bytes:
    """Return the ONNX file of that name."""
    made = HOSTILE[name][0]()
    return made if isinstance(made, bytes) else made.SerializeToString()
