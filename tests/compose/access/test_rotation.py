"""`make rotate`: old secrets are refused, new ones work, and nothing is lost."""

from pathlib import Path

import pytest
from mlflow import MlflowClient

from support.stacks.guarded import ALL, SECRETS, GuardedStack


def test_a_rotation_that_was_interrupted_is_ended_by_the_next_and_loses_nothing(
    guarded: GuardedStack,
    administration: MlflowClient,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
):
    """Interrupted when the volumes have new passwords, and the database has its old one."""
    old = guarded.secrets()
    assert guarded.find_accepted(old) == ALL
    versions = administration.search_model_versions()
    run_id = administration.create_run("0").info.run_id
    administration.log_text(run_id, "kept", "note.txt")

    guarded.do("run", "--rm", "--no-deps", "-T", "passwords", "passwords.py", "--rotate")
    half = guarded.secrets()
    guarded.sh("make rotate")

    new = guarded.secrets()
    assert all(len({old[name], half[name], new[name]}) == 3 for name in SECRETS)
    assert guarded.find_accepted(new) == ALL
    assert guarded.find_accepted(old) == set()
    for name, value in guarded.client_variables().items():
        monkeypatch.setenv(name, value)
    found = administration.search_model_versions()
    assert versions
    assert [(each.version, each.aliases) for each in found] == [
        (each.version, each.aliases) for each in versions
    ]
    kept = administration.download_artifacts(run_id, "note.txt", str(tmp_path))
    assert Path(kept).read_text() == "kept"
    assert "is active" in guarded.do("run", "--rm", "-T", "trainer", "versions")
