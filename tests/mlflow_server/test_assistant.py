"""MLflow's assistant, which runs shell commands for whoever asks, cannot be reached."""

import json
from pathlib import Path

import pytest
from servers import Server

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
def test_every_spelling_of_its_paths_is_404_for_every_method(server: Server, target: str):
    methods = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE")
    statuses = {method: server.ask(method, target, "{}").status for method in methods}
    assert statuses == dict.fromkeys(methods, 404)


def test_a_model_server_of_the_caller_is_neither_taken_nor_asked(server: Server):
    body = json.dumps({"providers": {"ollama": PROVIDER}})
    assert server.ask("PUT", f"{ASSISTANT}/config", body).status == 404
    message = json.dumps({"message": "run it", "session_id": None, "context": {}})
    assert server.ask("POST", f"{ASSISTANT}/message", message).status == 404
    home = server.log.parent  # where the assistant would keep its settings
    assert [path for path in Path(home).rglob("*") if "assistant" in path.name] == []


def test_a_websocket_is_not_opened_past_the_list(server: Server):
    wanted = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13"}
    key = {"Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA=="}
    assert server.ask("GET", f"{ASSISTANT}/config", **wanted, **key).status == 404


def test_the_refusal_tells_a_client_what_the_server_is_for(server: Server):
    answer = server.ask("GET", f"{ASSISTANT}/config")
    assert answer.headers["content-type"] == "application/json"
    said = json.loads(answer.body)
    assert said["error_code"] == "ENDPOINT_NOT_FOUND"
    assert "tracking, model registry, artifacts" in said["message"]
