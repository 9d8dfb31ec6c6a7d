"""The Open Inference Protocol, with the unmodified Triton client, and with invalid requests."""

import gzip
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from tritonclient.http import InferenceServerClient, InferInput, InferRequestedOutput
from tritonclient.utils import InferenceServerException

from support.cases.inference import WRONG, request
from support.pictures.digits import read_digits
from support.processes import free_port
from support.servers.api import Api

MODEL = "mnist-classifier"
COUNT = 300


@pytest.fixture(scope="module")
def api(start_apis: Callable[..., Api], seven: Path) -> Api:
    return start_apis(MODEL_FILE=str(seven), WEB_CONCURRENCY="1").wait_ready()


@pytest.fixture
def client(api: Api) -> Iterator[InferenceServerClient]:
    with InferenceServerClient(f"127.0.0.1:{api.port}") as client:
        yield client


@pytest.fixture(scope="module")
def images() -> np.ndarray:
    return read_digits(COUNT).astype(np.float32) / 255


def tensor(images: np.ndarray, binary: bool) -> InferInput:
    given = InferInput("image", list(images.shape), "FP32")
    return given.set_data_from_numpy(images, binary_data=binary)


def test_the_client_reads_health_and_metadata(client: InferenceServerClient, seven: Path) -> None:
    assert client.is_server_live()
    assert client.is_server_ready()
    assert client.is_model_ready(MODEL)
    assert client.is_model_ready(MODEL, "file")
    assert not client.is_model_ready("another")
    assert not client.is_model_ready(MODEL, "8")
    assert client.get_server_metadata()["extensions"] == ["binary_tensor_data"]
    described = client.get_model_metadata(MODEL, "file")
    assert described["versions"] == ["file"]
    assert described["inputs"] == [{"name": "image", "datatype": "FP32", "shape": [-1, 784]}]
    assert [output["name"] for output in described["outputs"]] == ["probabilities", "prediction"]


@pytest.mark.parametrize("binary_in", [True, False], ids=["binary in", "JSON in"])
@pytest.mark.parametrize("binary_out", [True, False], ids=["binary out", "JSON out"])
def test_probabilities_equal_those_of_predict(
    api: Api,
    client: InferenceServerClient,
    images: np.ndarray,
    binary_in: bool,
    binary_out: bool,
) -> None:
    result = client.infer(
        MODEL,
        [tensor(images, binary_in)],
        outputs=[
            InferRequestedOutput("probabilities", binary_data=binary_out),
            InferRequestedOutput("prediction", binary_data=not binary_out),
        ],
        request_id="seventeen",
    )
    answer = api.client.post("/predict", json={"images": images.tolist()}).json()
    wanted = np.array([one["probabilities"] for one in answer["predictions"]])
    assert result.as_numpy("probabilities").dtype == np.float32
    np.testing.assert_allclose(result.as_numpy("probabilities"), wanted, atol=1e-7)
    assert result.as_numpy("prediction").tolist() == [7] * COUNT
    response = result.get_response()
    assert (response["id"], response["model_name"], response["model_version"]) == (
        "seventeen",
        MODEL,
        "file",
    )


def test_without_requested_outputs_all_are_returned_as_binary(
    client: InferenceServerClient, images: np.ndarray
) -> None:
    """Without requested outputs, the client sets binary_data_output."""
    result = client.infer(MODEL, [tensor(images, True)], model_version="file")
    assert result.as_numpy("probabilities").shape == (COUNT, 10)
    assert result.as_numpy("prediction").shape == (COUNT,)
    assert "id" not in result.get_response()


def test_one_output_can_be_requested(client: InferenceServerClient, images: np.ndarray) -> None:
    result = client.infer(
        MODEL, [tensor(images[:1], True)], outputs=[InferRequestedOutput("prediction")]
    )
    assert [output["name"] for output in result.get_response()["outputs"]] == ["prediction"]


@pytest.mark.parametrize("algorithm", ["gzip", "deflate"])
def test_a_compressed_request_succeeds(
    client: InferenceServerClient, images: np.ndarray, algorithm: str
) -> None:
    result = client.infer(MODEL, [tensor(images, True)], request_compression_algorithm=algorithm)
    assert result.as_numpy("prediction").tolist() == [7] * COUNT


@pytest.mark.parametrize(
    ("name", "shape", "datatype", "sentence"),
    [
        ("pixels", (1, 784), "FP32", 'one input "image"'),
        ("image", (1, 783), "FP32", "n, 784"),
        ("image", (784,), "FP32", "n, 784"),
        ("image", (0, 784), "FP32", "n, 784"),
        ("image", (1, 784), "FP64", "FP32"),
    ],
)
def test_the_client_gets_the_error_of_an_invalid_tensor(
    client: InferenceServerClient, name: str, shape: tuple[int, ...], datatype: str, sentence: str
) -> None:
    given = InferInput(name, list(shape), datatype)
    numbers = np.zeros(shape, np.float32 if datatype == "FP32" else np.float64)
    given.set_data_from_numpy(numbers)
    with pytest.raises(InferenceServerException, match=sentence) as refused:
        client.infer(MODEL, [given])
    assert refused.value.status() == "400"


def test_errors_for_unknown_models_versions_and_outputs_list_the_known_ones(
    client: InferenceServerClient, images: np.ndarray
) -> None:
    given = [tensor(images[:1], True)]
    with pytest.raises(InferenceServerException, match='"mnist-classifier" is served') as refused:
        client.infer("another", given)
    assert refused.value.status() == "404"
    with pytest.raises(InferenceServerException, match='version "file" is served'):
        client.infer(MODEL, given, model_version="8")
    with pytest.raises(InferenceServerException, match="probabilities, prediction"):
        client.infer(MODEL, given, outputs=[InferRequestedOutput("logits")])
    with pytest.raises(InferenceServerException, match="Classification"):
        client.infer(MODEL, given, outputs=[InferRequestedOutput("prediction", class_count=3)])


@pytest.mark.parametrize(("header", "following", "length"), WRONG.values(), ids=WRONG)
def test_an_invalid_request_is_400_in_the_protocols_format(
    api: Api, header: object, following: bytes, length: str | None
) -> None:
    head = header if isinstance(header, bytes) else json.dumps(header).encode()
    sent = {"Inference-Header-Content-Length": length or str(len(head))}
    answer = api.client.post(
        f"/v2/models/{MODEL}/infer",
        content=head + following,
        headers={} if length is None else sent,
    )
    assert answer.status_code == 400
    assert answer.headers["Content-Type"] == "application/json"
    assert list(answer.json()) == ["error"]
    assert answer.json()["error"].endswith(".")


def test_a_byte_order_mark_before_the_json_is_skipped(api: Api) -> None:
    body = b"\xef\xbb\xbf" + json.dumps(request(data=[0] * 784)).encode()
    for sent in ({}, {"Inference-Header-Content-Length": str(len(body))}):
        answer = api.client.post(f"/v2/models/{MODEL}/infer", content=body, headers=sent)
        assert answer.status_code == 200, answer.text


def test_without_a_model_the_server_is_live_but_not_ready(
    start_api: Callable[..., Api],
) -> None:
    unreachable = f"http://127.0.0.1:{free_port()}"
    api = start_api(MLFLOW_TRACKING_URI=unreachable, WEB_CONCURRENCY="1").wait_listening()
    with InferenceServerClient(f"127.0.0.1:{api.port}") as client:
        assert client.is_server_live()
        assert not client.is_server_ready()
        assert not client.is_model_ready(MODEL)
        with pytest.raises(InferenceServerException, match="No model is being served"):
            client.infer(MODEL, [tensor(np.zeros((1, 784), np.float32), True)])
    assert api.client.get("/ping").status_code == 503


def test_a_compressed_body_is_limited_by_its_decompressed_size(api: Api) -> None:
    answer = api.client.post(
        f"/v2/models/{MODEL}/infer",
        content=gzip.compress(bytes(40 * 1024**2)),
        headers={"Content-Encoding": "gzip"},
    )
    assert answer.status_code == 413
    assert list(answer.json()) == ["error"]
