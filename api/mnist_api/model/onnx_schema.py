"""The part of ONNX's file format that onnx_rules.py reads, as protobuf messages.

The package onnx, with the whole format, takes 18 MB. Numbers are those of onnx.proto; fields that
are not listed are skipped. Names are bytes: a file may hold any, and they are only compared.
"""

from typing import Any

import numpy as np
from google.protobuf.descriptor_pb2 import (  # type: ignore[import-untyped] # it ships no types
    DescriptorProto,
    FieldDescriptorProto,
    FileDescriptorProto,
)
from google.protobuf.descriptor_pool import DescriptorPool  # type: ignore[import-untyped]
from google.protobuf.message import DecodeError  # type: ignore[import-untyped]
from google.protobuf.message_factory import GetMessageClass  # type: ignore[import-untyped]

MESSAGES: dict[str, dict[str, tuple[int, type | str]]] = {
    "ModelProto": {"graph": (7, "GraphProto"), "functions": (25, "FunctionProto")},
    "FunctionProto": {"name": (1, bytes)},
    "GraphProto": {
        "node": (1, "NodeProto"),
        "initializer": (5, "TensorProto"),
        "input": (11, "ValueInfoProto"),
        "sparse_initializer": (15, "SparseTensorProto"),
    },
    "ValueInfoProto": {"name": (1, bytes)},
    "NodeProto": {
        "input": (1, bytes),
        "output": (2, bytes),
        "op_type": (4, bytes),
        "attribute": (5, "AttributeProto"),
        "domain": (7, bytes),
    },
    "AttributeProto": {
        "name": (1, bytes),
        "i": (3, int),
        "s": (4, bytes),
        "t": (5, "TensorProto"),
        "g": (6, "GraphProto"),
        "tensors": (10, "TensorProto"),
        "graphs": (11, "GraphProto"),
        "sparse_tensor": (22, "SparseTensorProto"),
        "sparse_tensors": (23, "SparseTensorProto"),
    },
    "TensorProto": {
        "data_type": (2, np.int32),
        "name": (8, bytes),
        "external_data": (13, "StringStringEntryProto"),
        "data_location": (14, np.int32),
    },
    "SparseTensorProto": {"values": (1, "TensorProto"), "indices": (2, "TensorProto")},
    "StringStringEntryProto": {"key": (1, bytes)},
}
REPEATED = {
    *("functions", "node", "initializer", "sparse_initializer", "output", "attribute"),
    *("input", "tensors", "graphs", "sparse_tensors", "external_data"),
}

_TYPES = {
    bytes: FieldDescriptorProto.TYPE_BYTES,
    np.int32: FieldDescriptorProto.TYPE_INT32,  # larger numbers are truncated, as ONNX Runtime does
    int: FieldDescriptorProto.TYPE_INT64,
}


def read_model(content: bytes) -> Any:
    """Return the ModelProto in ``content``. Raises ValueError if there is none."""
    try:
        return _message_class("ModelProto").FromString(content)
    except DecodeError as error:
        raise ValueError(str(error)) from error


def _message_class(name: str) -> Any:
    file = FileDescriptorProto(name="onnx_part.proto", package="onnx_part")
    for message, fields in MESSAGES.items():
        described = file.message_type.add(name=message)
        for field, (number, kind) in fields.items():
            _add_field(described, field, number, kind)
    pool = DescriptorPool()
    pool.Add(file)
    return GetMessageClass(pool.FindMessageTypeByName(f"onnx_part.{name}"))


def _add_field(message: DescriptorProto, name: str, number: int, kind: type | str) -> None:
    field = message.field.add(name=name, number=number)
    field.label = field.LABEL_REPEATED if name in REPEATED else field.LABEL_OPTIONAL
    if isinstance(kind, str):
        field.type, field.type_name = field.TYPE_MESSAGE, f".onnx_part.{kind}"
    else:
        field.type = _TYPES[kind]
