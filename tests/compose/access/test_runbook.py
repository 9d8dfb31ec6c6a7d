"""The runbook of docs/operations.md: each line works, one after the other."""

from pathlib import Path

import pytest
from mlflow import MlflowClient

from support.archives import read_contents
from support.documents import find_runbook
from support.stacks.guarded import GuardedStack

BODY = {"image": [0.5] * 784}
EXPECTED = {  # what the output has, by what the line begins with
    "docker compose ps": "mlflow-server",
    "docker compose logs": "is active",
    "docker compose run --rm trainer versions": "is active",
    "docker compose run --rm trainer history": "Active, in the API",
    "make backup": "monday.tar.gz",
    "make restore": "The archive is restored",
}


def test_each_line_of_the_runbook_works_and_the_state_of_the_backup_comes_back(
    guarded: GuardedStack,
    administration: MlflowClient,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
):
    """And the archive has none of the secrets that the stack had or has."""
    before = find_versions(administration)
    assert before
    secrets = [*guarded.secrets().values()]
    ran = set()
    for command in find_runbook():
        output = guarded.sh(command.replace("backups/", f"{tmp_path}/"))
        for begin, text in EXPECTED.items():
            if command.startswith(begin):
                assert text in output, command
                ran.add(begin)
        if command.startswith("make backup"):
            administration.set_registered_model_tag("mnist-classifier", "later", "1")
    assert ran == set(EXPECTED)
    assert len(guarded.do("ps", "--quiet", "api").split()) == 3
    assert guarded.send(f"{guarded.api_url}/predict", guarded.bearer(), "POST", BODY) == 200
    for name, value in guarded.client_variables().items():  # they are new
        monkeypatch.setenv(name, value)
    assert find_versions(administration) == before
    assert "later" not in administration.get_registered_model("mnist-classifier").tags
    contents = read_contents(tmp_path / "monday.tar.gz")
    secrets += guarded.secrets().values()
    assert not [name for name in contents if name.startswith("database/users/")]
    assert not [secret for secret in secrets if secret.encode() in b"".join(contents.values())]


def find_versions(client: MlflowClient) -> list[tuple[str, list[str]]]:
    return [(each.version, each.aliases) for each in client.search_model_versions()]
