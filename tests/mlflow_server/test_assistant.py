"""MLflow's assistant, which runs shell commands without a password, cannot be reached."""

import json
from pathlib import Path

import pytest

from support.servers.tracking import TrackingServer

ASSISTANT = "/ajax-api/3.0/mlflow/assistant"
PROVIDER = {
    "model": "x",
    "base_url": "http://127.0.0.1:9",
    "selected": True,
    "permissions": {"full_access": True},
}
SPELLINGS = [
    f"{ASSISTANT}/config",
    f"{ASSISTANT}/config/",
    f"{ASSISTANT}/config?x=1",
    f"{ASSISTANT}/providers",
    ASSISTANT,
    ASSISTANT.replace("assistant", "%61ssistant") + "/config",
    ASSISTANT.replace("/", "%2f") + "%2Fconfig",
    ASSISTANT.replace("/", "%252f") + "/config",
    "/" + ASSISTANT + "/config",
    ASSISTANT.replace("/mlflow", "//mlflow") + "/config",
    ASSISTANT.upper() + "/config",
    ASSISTANT.replace("3.0", "2.0") + "/config",
    ASSISTANT.replace("ajax-api", "api") + "/config",
    f"/static-files/..{ASSISTANT}/config",
    f"/api/2.0/mlflow/runs/../../../..{ASSISTANT}/config",
    f"/mlflow{ASSISTANT}/config",
    f"/.{ASSISTANT}/config",
    f"/;{ASSISTANT}/config",
    f"{ASSISTANT};x/config",
    f"{ASSISTANT}%00/config",
    f"http://127.0.0.1{ASSISTANT}/config",
]


@pytest.mark.parametrize("target", SPELLINGS)
def test_every_spelling_of_its_paths_is_404_for_every_method(server: TrackingServer, target: str):
    methods = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE")
    statuses = {method: server.send(method, target, "{}").status for method in methods}
    assert statuses == dict.fromkeys(methods, 404)


def test_a_clients_model_server_is_neither_saved_nor_called(server: TrackingServer):
    body = json.dumps({"providers": {"ollama": PROVIDER}})
    assert server.send("PUT", f"{ASSISTANT}/config", body).status == 404
    message = json.dumps({"message": "run it", "session_id": None, "context": {}})
    assert server.send("POST", f"{ASSISTANT}/message", message).status == 404
    home = server.log.parent  # the folder of the assistant's settings
    assert [path for path in Path(home).rglob("*") if "assistant" in path.name] == []


def test_a_websocket_is_not_opened_past_the_list(server: TrackingServer):
    wanted = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13"}
    key = {"Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA=="}
    assert server.send("GET", f"{ASSISTANT}/config", **wanted, **key).status == 404


def test_the_404_response_lists_what_the_server_offers(server: TrackingServer):
    answer = server.send("GET", f"{ASSISTANT}/config")
    assert answer.headers["content-type"] == "application/json"
    received = json.loads(answer.body)
    assert received["error_code"] == "ENDPOINT_NOT_FOUND"
    assert "tracking, model registry, artifacts" in received["message"]
