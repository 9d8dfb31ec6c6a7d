"""Networks that need too much memory or time, or as much as the pixels determine."""

from collections.abc import Callable, Sequence

import numpy as np
from onnx import AttributeProto, ModelProto, NodeProto, TensorProto, helper, numpy_helper

from support.networks.dense import digit_network

ONES = [numpy_helper.from_array(np.ones((1,), np.float32), "one")]


def network_with(
    nodes: Sequence[NodeProto], initializers: Sequence[TensorProto] = (), opset: int = 17
) -> ModelProto:
    """Return a network that always predicts 3 and computes ``nodes`` from "image" to "harm"."""
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
    """Return a node; "-" is an omitted operand."""
    given = [name.replace("-", "") for name in inputs.split()]
    return helper.make_node(kind, given, outputs.split(), **attributes)


def fill() -> ModelProto:
    """Needs 4 GB for any image."""
    return network_with([node("ConstantOfShape", "size", "harm")], [numbers("size", 2**30)])


def outer() -> ModelProto:
    """Adds a column and a row: small operands with a large result."""
    column = numpy_helper.from_array(np.zeros((40_000, 1), np.float32), "column")
    row = numpy_helper.from_array(np.zeros((1, 40_000), np.float32), "row")
    return network_with([node("Add", "column row", "harm")], [column, row])


def loop() -> ModelProto:
    """Loops nine trillion times."""
    condition, value = (helper.make_tensor_value_info(n, TensorProto.BOOL, []) for n in "ce")
    index = helper.make_tensor_value_info("i", TensorProto.INT64, [])
    body = helper.make_graph([node("Identity", "c", "e")], "body", [index, condition], [value])
    loop = helper.make_node("Loop", ["times", "yes"], [], body=body)
    harm = node("Identity", "none", "harm")
    return network_with([loop, harm], [numbers("times", 9 * 10**12), _yes()])


def _yes() -> TensorProto:
    return numpy_helper.from_array(np.array(True), "yes")


def subgraph() -> ModelProto:
    """Has a graph in an operator that takes none."""
    harm = node("Relu", "one", "harm")
    graph = helper.make_graph([], "hidden", [], [])
    harm.attribute.append(AttributeProto(name="x", type=AttributeProto.GRAPHS, graphs=[graph]))
    return network_with([harm], ONES)


def by_pixels(*tail: NodeProto) -> ModelProto:
    """The first pixel determines a size, which is 1 for a dark image."""
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


def by_pixels_out_of_order() -> ModelProto:
    """Its nodes are in reverse order."""
    model = by_pixels(node("Expand", "one size", "harm"))
    nodes = list(model.graph.node)[::-1]
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    return model


def by_count() -> ModelProto:
    """Its sizes depend on the number of bright pixels."""
    nodes = [
        node("Floor", "image", "bright"),
        node("NonZero", "bright", "places"),
        node("Shape", "places", "size"),
        node("ConstantOfShape", "size", "harm"),
    ]
    return network_with(nodes)


def by_chance() -> ModelProto:
    nodes = [
        node("RandomUniform", "", "random", shape=[1], low=0.0, high=1e9),
        node("Cast", "random", "size", to=TensorProto.INT64),
        node("ConstantOfShape", "size", "harm"),
    ]
    return network_with(nodes)


def slow() -> ModelProto:
    """Multiplies large matrices repeatedly: takes some seconds, of the 10 s of a trial."""
    side = 1500
    shape = numbers("shape", side, side)
    value = numpy_helper.from_array(np.full((1,), 1 / side, np.float32))
    nodes = [
        node("ReduceMax", "image", "brightest", keepdims=0),
        node("ConstantOfShape", "shape", "ones", value=value),
        node("Add", "ones brightest", "m0"),
    ]
    nodes += [node("MatMul", f"m{i} ones", f"m{i + 1}") for i in range(16)]
    return network_with([*nodes, node("Identity", "m16", "harm")], [shape])


def not_finite_network() -> bytes:
    """Divides 0 by 0 if the darkest pixel is 0.5."""
    nodes = [
        node("ReduceMin", "image", "darkest", keepdims=0),
        node("Add", "one one", "two"),
        node("Div", "one two", "half"),
        node("Sub", "darkest half", "darkness"),
        node("Div", "darkness darkness", "harm"),
    ]
    return network_with(nodes, ONES).SerializeToString()


BY_PIXELS: dict[str, Callable[[], ModelProto]] = {
    "ConstantOfShape": lambda: by_pixels(node("ConstantOfShape", "size", "filled"), _costly_node()),
    "Expand": lambda: by_pixels(node("Expand", "one size", "harm")),
    "Tile": lambda: by_pixels(node("Tile", "one size", "harm")),
    "Range": lambda: by_pixels(node("Range", "none sum none", "harm")),
}


def _costly_node() -> NodeProto:
    return node("Identity", "filled", "harm")
