"""Invalid requests of the Open Inference Protocol: the JSON, bytes after it, its length header."""

import json
import struct


def request(**more: object) -> dict[str, object]:
    given = {"name": "image", "shape": [1, 784], "datatype": "FP32"}
    return {"inputs": [given | more]}


FLOATS = struct.pack("<784f", *[0.5] * 784)
SIZE = {"parameters": {"binary_data_size": len(FLOATS)}}
WRONG = {
    "no JSON": (b"{", b"", None),
    "no inputs": ({}, b"", None),
    "two inputs": ({"inputs": request(data=[0] * 784)["inputs"] * 2}, b"", None),
    "no data": (request(), b"", None),
    "too few data": (request(data=[0] * 783), b"", None),
    "ragged data": (request(data=[[0] * 784, []]), b"", None),
    "data of strings": (request(data=["0"] * 784), b"", None),
    "nested otherwise": (request(data=[[[0] * 28] * 28]), b"", None),
    "bytes": (request(data=[255] * 784), b"", None),
    "an absurd shape": (request(data=[0] * 784, shape=[10**18, 784]), b"", None),
    "more dimensions than memory": (request(data=[0] * 784, shape=[784] * 99), b"", None),
    "a shape of words": (request(data=[0] * 784, shape=["1", 784]), b"", None),
    "an endless shape": (request(data=[0] * 784, shape=[1] * 100_000), b"", None),
    "a hundred inputs": ({"inputs": request(data=[])["inputs"] * 100}, b"", None),
    "data and bytes": (request(data=[0] * 784, **SIZE), FLOATS, ""),
    "no bytes": (request(**SIZE), b"", ""),
    "too few bytes": (request(**SIZE), FLOATS[1:], ""),
    "too many bytes": (request(**SIZE), FLOATS + b"0", ""),
    "bytes without size": (request(), FLOATS, ""),
    "NaN": (request(**SIZE), struct.pack("<784f", *[float("nan")] * 784), ""),
    "infinite": (request(**SIZE), struct.pack("<784f", *[float("inf")] * 784), ""),
    "a length beyond the body": (request(data=[0] * 784), b"", "1000000"),
    "a length that is none": (request(data=[0] * 784), b"", "many"),
    "a negative length": (request(data=[0] * 784), b"", "-1"),
    "an endless length": (request(data=[0] * 784), b"", "0" * 5000),
    "not UTF-8": (b'{"\xff": 1, ' + json.dumps(request(data=[0] * 784)).encode()[1:], b"", None),
}
