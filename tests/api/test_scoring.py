"""MLflow's scoring protocol: requests as its clients send them."""

import csv
import io
import json
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import httpx
import numpy as np
import pytest

from support.pictures.digits import read_digits
from support.processes import ROOT
from support.servers.api import Api

LOCK = ROOT / "mlflow-server" / "requirements.txt"
COUNT = 5
IMAGES = (read_digits(COUNT).astype(np.float32) / 255).tolist()
COLUMNS = [str(number) for number in range(784)]
RECORDS = [dict(zip(COLUMNS, image, strict=True)) for image in IMAGES]


def as_csv(rows: list[list[float]], columns: list[str] = COLUMNS) -> bytes:
    """Write a CSV as pandas' to_csv(index=False) does."""
    file = io.StringIO()
    csv.writer(file, lineterminator="\n").writerows([columns, *rows])
    return file.getvalue().encode()


@pytest.fixture(scope="module")
def api(start_apis: Callable[..., Api], seven: Path) -> Api:
    return start_apis(MODEL_FILE=str(seven), WEB_CONCURRENCY="1").wait_ready()


def invoke(api: Api, body: bytes, content_type: str = "application/json") -> httpx.Response:
    headers = {"Content-Type": content_type}
    return api.client.post("/invocations", content=body, headers=headers)


ASKED = {
    "instances": {"instances": IMAGES},
    "inputs": {"inputs": IMAGES},
    "inputs with params": {"inputs": IMAGES, "params": {"temperature": 1}},
    "dataframe_split": {"dataframe_split": {"columns": COLUMNS, "data": IMAGES}},
    "dataframe_split with index": {
        "dataframe_split": {"index": list(range(COUNT)), "columns": COLUMNS, "data": IMAGES}
    },
    "dataframe_records": {"dataframe_records": RECORDS},
    "records in other orders": {
        "dataframe_records": [RECORDS[0], *(dict(reversed(one.items())) for one in RECORDS[1:])]
    },
}


@pytest.mark.parametrize("asked", ASKED.values(), ids=ASKED)
@pytest.mark.parametrize("indent", [None, 1], ids=["dense", "indented"])
def test_each_input_shape_returns_the_probabilities(
    api: Api, asked: dict[str, object], indent: int | None
) -> None:
    answer = invoke(api, json.dumps(asked, indent=indent).encode())
    assert answer.status_code == 200, answer.text
    assert list(answer.json()) == ["predictions"]
    assert answer.json()["predictions"] == expected(api)


def test_a_byte_order_mark_before_the_json_is_skipped(api: Api) -> None:
    body = json.dumps({"instances": IMAGES}).encode()
    assert invoke(api, b"\xef\xbb\xbf" + body).content == invoke(api, body).content


@pytest.mark.parametrize(
    "body",
    [as_csv(IMAGES), as_csv(IMAGES).replace(b"\n", b"\r\n"), as_csv(IMAGES).rstrip()],
    ids=["as pandas writes it", "CRLF", "no last line end"],
)
def test_csv_returns_the_same_probabilities(api: Api, body: bytes) -> None:
    answer = invoke(api, body, "text/csv; charset=utf-8")
    assert answer.status_code == 200, answer.text
    assert answer.json()["predictions"] == expected(api)


def expected(api: Api) -> list[list[float]]:
    answer = api.client.post("/predict", json={"images": IMAGES}).json()
    return [one["probabilities"] for one in answer["predictions"]]


WRONG = {
    "empty": b"",
    "no JSON": b"{",
    "a list": json.dumps(IMAGES).encode(),
    "none of the four": b'{"images": []}',
    "two of the four": json.dumps({"inputs": IMAGES, "instances": IMAGES}).encode(),
    "no images": b'{"inputs": []}',
    "one image alone": json.dumps({"inputs": IMAGES[0]}).encode(),
    "783 pixels": json.dumps({"inputs": [IMAGES[0][1:]]}).encode(),
    "bytes": json.dumps({"inputs": [[255] * 784]}).encode(),
    "strings": json.dumps({"inputs": [["0"] * 784]}).encode(),
    "a split without data": json.dumps({"dataframe_split": {"columns": COLUMNS}}).encode(),
    "a split with more": b'{"dataframe_split": {"data": [], "rows": []}}',
    "no records": b'{"dataframe_records": []}',
    "records of nothing": b'{"dataframe_records": [{}]}',
    "a record of strings": json.dumps(
        {"dataframe_records": [dict.fromkeys(COLUMNS, "0")]}
    ).encode(),
    "records that differ": json.dumps(
        {"dataframe_records": [RECORDS[0], {f"x{key}": 0 for key in COLUMNS}]}
    ).encode(),
    "a number behind the records": json.dumps({"dataframe_records": [*RECORDS, 5]}).encode(),
    "records that are a number": b'{"dataframe_records": 5}',
    "not UTF-8": b'{"\xff": 1, "inputs": []}',
}


@pytest.mark.parametrize("body", WRONG.values(), ids=WRONG)
def test_an_invalid_body_is_400_in_mlflows_format(api: Api, body: bytes) -> None:
    answer = invoke(api, body)
    assert answer.status_code == 400
    assert list(answer.json()) == ["error_code", "message"]
    assert answer.json()["error_code"] == "BAD_REQUEST"


@pytest.mark.parametrize(
    "body",
    [b"", b"\n", as_csv([]), as_csv([["x"] * 784]), as_csv(IMAGES)[:-9000], as_csv([[2] * 784])],
    ids=["empty", "a line", "heading alone", "words", "cut", "out of range"],
)
def test_an_invalid_csv_is_400(api: Api, body: bytes) -> None:
    assert invoke(api, body, "text/csv").status_code == 400


def test_the_error_for_another_type_lists_the_supported_ones(api: Api) -> None:
    answer = invoke(api, b"", "application/vnd.apache.parquet")
    assert answer.status_code == 415
    assert "text/csv" in answer.json()["message"]


def test_ping_and_version_are_those_of_an_mlflow_server(api: Api) -> None:
    """MLflow's client waits for /ping and compares /version with its version."""
    assert api.client.get("/ping").status_code == 200
    served = api.client.get("/version").text
    assert served == version("mlflow-skinny")
    assert f"\nmlflow=={served} " in LOCK.read_text()
