"""A network is tried in a child process, and a hostile one is refused with a reason."""

import os
import signal
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from google.protobuf.descriptor import FieldDescriptor
from onnx import NodeProto, TensorProto, defs, onnx_pb

from mnist_api.model import trial
from mnist_api.model.onnx_model import BATCHES, ModelRefusedError, load_model
from mnist_api.model.onnx_operators import CONTROL_FLOW, SUPPORTED
from mnist_api.model.onnx_schema import MESSAGES, REPEATED
from mnist_api.model.trial import TrialIncompleteError, try_model
from support.networks.costly import network_with, node, numbers
from support.networks.dense import linear_network
from support.networks.hostile import HOSTILE, hostile
from support.processes import list_children, wait_until

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_network_is_refused_with_a_reason(name: str) -> None:
    with pytest.raises(ModelRefusedError) as refused:
        try_model(hostile(name))
    reason = str(refused.value)
    assert HOSTILE[name][1] in reason
    assert reason.isprintable()
    assert 10 < len(reason) <= 300


def weights(*shape: int) -> TensorProto:
    values = np.full(shape, 0.01, np.float32)
    return TensorProto(name="w", data_type=TensorProto.FLOAT, dims=shape, raw_data=values.tobytes())


TO_MAPS = node("Reshape", "image maps", "x")
HONEST: dict[str, tuple[list[NodeProto], list[TensorProto]]] = {
    "convolution": (
        [TO_MAPS, node("Conv", "x w", "c"), node("Relu", "c", "r"),
         node("MaxPool", "r", "harm", kernel_shape=[2, 2])],
        [numbers("maps", -1, 1, 28, 28), weights(16, 1, 3, 3)],
    ),
    "a reshape by the number of images": (
        [node("Shape", "image", "shape"), node("Gather", "shape zero", "count"),
         node("Concat", "count rest", "wanted", axis=0), node("Reshape", "image wanted", "harm")],
        [numbers("zero", 0), numbers("rest", 28, 28)],
    ),
    "a state for each image": (
        [node("Shape", "image", "shape"), node("Gather", "shape zero", "count"),
         node("Concat", "count rest", "wanted", axis=0), node("ConstantOfShape", "wanted", "harm")],
        [numbers("zero", 0), numbers("rest", 64)],
    ),
    "padding and upsampling": (
        [TO_MAPS, node("Pad", "x pads", "p"), node("Resize", "p - scales", "harm")],
        [numbers("maps", -1, 1, 28, 28), numbers("pads", 0, 0, 1, 1, 0, 0, 1, 1),
         numbers("scales", 1, 1, 2, 2, kind=np.float32)],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", HONEST)
def test_the_operators_of_a_regular_network_are_accepted(name: str) -> None:
    nodes, initializers = HONEST[name]
    try_model(network_with(nodes, initializers).SerializeToString())


UNSUPPORTED = CONTROL_FLOW | {
    *("MaxRoiPool", "Mod", "RoiAlign"),
    *("ConcatFromSequence", "SequenceAt", "SequenceConstruct", "SequenceEmpty", "SequenceErase"),
    *("SequenceInsert", "SequenceLength", "SplitToSequence"),
    *("Optional", "OptionalGetElement", "OptionalHasElement"),
    *("RegexFullMatch", "StringConcat", "StringNormalizer", "StringSplit", "TfIdfVectorizer"),
    *("ImageDecoder", "MaxUnpool"),
}


def test_every_operator_of_onnx_is_classified() -> None:
    """Fails if a new version of ONNX has further operators."""
    known = {schema.name for schema in defs.get_all_schemas() if schema.domain == ""}
    assert known - UNSUPPORTED == SUPPORTED
    assert known >= UNSUPPORTED


def test_the_file_format_is_that_of_onnx() -> None:
    kinds = {bytes: FieldDescriptor.CPPTYPE_STRING}
    for message, fields in MESSAGES.items():
        described = getattr(onnx_pb, message).DESCRIPTOR.fields_by_name
        for field, (number, kind) in fields.items():
            theirs = described[field]
            assert theirs.number == number, f"{message}.{field}"
            assert theirs.is_repeated == (field in REPEATED), f"{message}.{field}"
            if isinstance(kind, str):
                assert theirs.message_type.name == kind
            else:
                integers = (FieldDescriptor.CPPTYPE_INT64, FieldDescriptor.CPPTYPE_INT32)
                allowed = (kinds[bytes],) if kind is bytes else (*integers, theirs.CPPTYPE_ENUM)
                assert theirs.cpp_type in allowed, f"{message}.{field}"


def test_only_tried_batch_sizes_are_run_and_results_are_the_same() -> None:
    network = load_model(linear_network())
    run, sizes = network._run, set()  # records what ONNX Runtime gets

    def note(outputs: None, inputs: dict[str, np.ndarray]) -> list[np.ndarray]:
        sizes.update(len(images) for images in inputs.values())
        return run(outputs, inputs)

    network._run = note
    images = np.random.default_rng(1).random((BATCHES[-1], 784), np.float32)
    whole = network.predict(images)
    for count in range(1, BATCHES[-1] + 1):
        assert np.allclose(network.predict(images[:count]), whole[:count], atol=1e-6)
    assert sizes == set(BATCHES)


def test_external_data_is_not_read_even_without_the_rules(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "secret.bin").write_bytes(bytes(784 * 10 * 4))
    with pytest.raises(ModelRefusedError, match="External data path"):
        load_model(hostile("external weights"))


def test_a_killed_trial_is_reported_and_is_not_a_refusal() -> None:
    """The kernel kills it if memory is short, which may not be the network's fault."""
    killer = threading.Thread(target=kill_trial)
    killer.start()
    with pytest.raises(TrialIncompleteError, match="killed"):
        try_model(hostile("slow"))
    killer.join()


def test_a_trial_that_times_out_is_not_a_refusal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trial, "SECONDS", 1.0)
    begin = time.monotonic()
    with pytest.raises(TrialIncompleteError, match="longer than 1 s"):
        try_model(hostile("slow"))
    assert time.monotonic() - begin < 10
    assert trials() == []


def kill_trial() -> None:
    wait_until(lambda: len(trials()) == 1)
    os.kill(trials()[0], signal.SIGKILL)


def trials() -> list[int]:
    """Return this process's children that run a trial."""
    return [child for child in list_children(os.getpid()) if b"trial_process" in command_of(child)]


def command_of(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except (FileNotFoundError, ProcessLookupError):  # it has ended
        return b""
