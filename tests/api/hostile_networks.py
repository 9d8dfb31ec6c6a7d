"""ONNX files that look like a classifier of digits and are made to do harm, as the bytes sent."""

from collections.abc import Callable, Sequence

import numpy as np
from networks import digit_network
from onnx import AttributeProto, ModelProto, NodeProto, TensorProto, helper, numpy_helper

ONES = [numpy_helper.from_array(np.ones((1,), np.float32), "one")]


def network_with(
    nodes: Sequence[NodeProto], initializers: Sequence[TensorProto] = (), opset: int = 17
) -> ModelProto:
    """Return the network that always sees a 3, and computes ``nodes`` from "image" to "harm"."""
    model = ModelProto.FromString(digit_network(3))
    model.opset_import[0].version = opset
    graph = model.graph
    last = graph.node.pop()  # Softmax
    graph.node.extend(nodes)
    graph.node.append(helper.make_node("ReduceMax", ["harm"], ["highest"], keepdims=0))
    graph.node.append(helper.make_node("Mul", ["highest", "none"], ["nothing"]))
    graph.node.append(helper.make_node("Add", [last.input[0], "nothing"], ["changed"]))
    last.input[0] = "changed"
    graph.node.append(last)
    graph.initializer.extend(initializers)
    graph.initializer.append(numpy_helper.from_array(np.zeros((), np.float32), "none"))
    return model


def numbers(name: str, *values: float, kind: type = np.int64) -> TensorProto:
    return numpy_helper.from_array(np.array(values, kind), name)


def node(kind: str, inputs: str, outputs: str, **attributes: object) -> NodeProto:
    """Return a node; "-" stands for an operand that is left out."""
    given = [name.replace("-", "") for name in inputs.split()]
    return helper.make_node(kind, given, outputs.split(), **attributes)


def _fill() -> ModelProto:
    """Asks for 4 GB, whatever the image is."""
    return network_with([node("ConstantOfShape", "size", "harm")], [numbers("size", 2**30)])


def _outer() -> ModelProto:
    """Adds a column to a row, so that small operands make a large result."""
    column = numpy_helper.from_array(np.zeros((40_000, 1), np.float32), "column")
    row = numpy_helper.from_array(np.zeros((1, 40_000), np.float32), "row")
    return network_with([node("Add", "column row", "harm")], [column, row])


def _loop() -> ModelProto:
    """Loops nine trillion times."""
    condition, value = (helper.make_tensor_value_info(n, TensorProto.BOOL, []) for n in "ce")
    index = helper.make_tensor_value_info("i", TensorProto.INT64, [])
    body = helper.make_graph([node("Identity", "c", "e")], "body", [index, condition], [value])
    loop = helper.make_node("Loop", ["times", "yes"], [], body=body)
    harm = node("Identity", "none", "harm")
    return network_with([loop, harm], [numbers("times", 9 * 10**12), _yes()])


def _yes() -> TensorProto:
    return numpy_helper.from_array(np.array(True), "yes")


def _subgraph() -> ModelProto:
    """Hides a graph in an operator that has none."""
    harm = node("Relu", "one", "harm")
    graph = helper.make_graph([], "hidden", [], [])
    harm.attribute.append(AttributeProto(name="x", type=AttributeProto.GRAPHS, graphs=[graph]))
    return network_with([harm], ONES)


def _by_pixels(*tail: NodeProto) -> ModelProto:
    """Multiplies the first pixel, cut to 0 or 1, into a size that a dark image leaves at 1."""
    nodes = [
        node("Floor", "image", "bright"),
        node("ReduceMax", "bright", "brightest", keepdims=0),
        node("Mul", "brightest many", "product"),
        node("Add", "product one", "sum"),
        node("Cast", "sum", "size", to=TensorProto.INT64),
        *tail,
    ]
    many = numbers("many", 2**30, kind=np.float32)
    return network_with(nodes, [many, *ONES])


def _by_pixels_out_of_order() -> ModelProto:
    """Has its nodes stand the wrong way round."""
    model = _by_pixels(node("Expand", "one size", "harm"))
    nodes = list(model.graph.node)[::-1]
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    return model


def _by_count() -> ModelProto:
    """Asks what shape the bright pixels have, which depends on how many there are."""
    nodes = [
        node("Floor", "image", "bright"),
        node("NonZero", "bright", "places"),
        node("Shape", "places", "size"),
        node("ConstantOfShape", "size", "harm"),
    ]
    return network_with(nodes)


def _by_chance() -> ModelProto:
    nodes = [
        node("RandomUniform", "", "chance", shape=[1], low=0.0, high=1e9),
        node("Cast", "chance", "size", to=TensorProto.INT64),
        node("ConstantOfShape", "size", "harm"),
    ]
    return network_with(nodes)


def _slow() -> ModelProto:
    """Multiplies large matrices again and again."""
    side = 1500
    shape = numbers("shape", side, side)
    value = numpy_helper.from_array(np.full((1,), 1 / side, np.float32))
    nodes = [
        node("ReduceMax", "image", "brightest", keepdims=0),
        node("ConstantOfShape", "shape", "ones", value=value),
        node("Add", "ones brightest", "m0"),
    ]
    nodes += [node("MatMul", f"m{i} ones", f"m{i + 1}") for i in range(40)]
    return network_with([*nodes, node("Identity", "m40", "harm")], [shape])


def _external(location: str) -> ModelProto:
    """Takes its weights from another file."""
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
    """Copies a long text for each bright pixel."""
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
    """Begins as ONNX Runtime's own format does, to get past the rules for ONNX."""
    return b"\xa2\x06\x7fORTM" + b"\0" * 124 + digit_network(3)


def not_finite_network() -> bytes:
    """Divides nought by nought where every pixel is bright."""
    nodes = [
        node("ReduceMin", "image", "darkest", keepdims=0),
        node("Sub", "darkest one", "darkness"),
        node("Div", "darkness darkness", "harm"),
    ]
    return network_with(nodes, ONES).SerializeToString()


BY_PIXELS: dict[str, Callable[[], ModelProto]] = {
    "ConstantOfShape": lambda: _by_pixels(node("ConstantOfShape", "size", "filled"), _harm()),
    "Expand": lambda: _by_pixels(node("Expand", "one size", "harm")),
    "Tile": lambda: _by_pixels(node("Tile", "one size", "harm")),
    "Range": lambda: _by_pixels(node("Range", "none sum none", "harm")),
}


def _harm() -> NodeProto:
    return node("Identity", "filled", "harm")


# Each with a part of the sentence that refuses it.
HOSTILE: dict[str, tuple[Callable[[], ModelProto | bytes], str]] = {
    "4 GB": (_fill, "it needs more than"),
    "an outer sum": (_outer, "it needs more than"),
    "an endless loop": (_loop, "its operator Loop is control flow"),
    "a hidden graph": (_subgraph, "its operator Relu is control flow"),
    **{
        f"{name} by pixels": (make, f"its operator {name} makes depends on the pixels")
        for name, make in BY_PIXELS.items()
    },
    "out of order": (_by_pixels_out_of_order, "its operator Expand makes depends on"),
    "by a count": (_by_count, "its operator NonZero makes depends on"),
    "by chance": (_by_chance, "its operator ConstantOfShape makes depends on"),
    "slow": (_slow, "of the processor"),
    "external weights": (lambda: _external("secret.bin"), "its tensor weights is external data"),
    "an external constant": (lambda: _external_constant("secret.bin"), "is external data"),
    "external sparse weights": (lambda: _external_sparse("secret.bin"), "is external data"),
    "text": (_text, "its tensor long is text"),
    "made text": (_makes_text, "its operator Cast makes text"),
    "a custom operator": (_custom, "is of the domain com.microsoft"),
    "a function": (_function, "it defines the function Double"),
    "an ugly name": (_ugly_name, "its operator Evil?[ERROR]?[31m?xxx"),
    "the future": (_future, "can't load it"),
    "many nodes": (_many_nodes, ""),
    "deep nesting": (_nested, "it is not an ONNX file"),
    "another format": (_other_format, ""),
}


def hostile(name: str) -> bytes:
    """Return the file of that name."""
    made = HOSTILE[name][0]()
    return made if isinstance(made, bytes) else made.SerializeToString()
