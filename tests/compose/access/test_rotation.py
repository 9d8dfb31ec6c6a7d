"""`make rotate`: old secrets are refused, new ones work, and nothing is lost."""

import pytest
from mlflow import MlflowClient

from support.stacks.guarded import ACCOUNTS, SECRETS, GuardedStack

SEARCH = "/api/2.0/mlflow/experiments/search?max_results=1"
# Passwords of Postgres, of the account of S3 and of MinIO's root: whether each one is accepted.
ACCEPTED = """
import sys, boto3, botocore.exceptions, psycopg2
postgres, s3, root = sys.argv[1:]
try:
    psycopg2.connect(host="postgres", user="mlflow", dbname="mlflow", password=postgres).close()
    print("postgres")
except psycopg2.OperationalError as error:
    assert "authentication failed" in str(error), error
for user, secret in (("mlflow", s3), ("minio-root", root)):
    client = boto3.client(
        "s3", endpoint_url="http://minio:9000", aws_access_key_id=user, aws_secret_access_key=secret
    )
    try:
        client.list_objects_v2(Bucket="mlflow")
        print(user)
    except botocore.exceptions.ClientError as error:
        assert error.response["Error"]["Code"] == "SignatureDoesNotMatch", error
"""


def find_accepted(guarded: GuardedStack, secrets: dict[str, str]) -> set[str]:
    """Return who is accepted with ``secrets``."""
    command = ("python", "-c", ACCEPTED, *(secrets[name] for name in ("postgres", "s3", "minio")))
    found = set(guarded.do("exec", "-T", "mlflow-server", *command).split())
    if guarded.send(f"{guarded.api_url}/model", guarded.bearer(secrets["api-token"])) == 200:
        found.add("token")
    for name in ACCOUNTS:
        account = guarded.basic(name, secrets[f"mlflow-{name}"])
        if guarded.send(f"{guarded.mlflow_url}{SEARCH}", account) == 200:
            found.add(name)
    return found


ALL = {"postgres", "mlflow", "minio-root", "token", *ACCOUNTS}


def test_a_rotation_that_was_interrupted_is_ended_by_the_next_and_loses_nothing(
    guarded: GuardedStack, administration: MlflowClient, monkeypatch: pytest.MonkeyPatch
):
    """Interrupted when the volumes have new passwords, and the database has its old one."""
    old = guarded.secrets()
    assert find_accepted(guarded, old) == ALL
    versions = administration.search_model_versions()
    run_id = administration.create_run("0").info.run_id
    administration.log_text(run_id, "kept", "note.txt")

    guarded.do("run", "--rm", "--no-deps", "-T", "passwords", "passwords.py", "--rotate")
    half = guarded.secrets()
    guarded.make("rotate")

    new = guarded.secrets()
    assert all(len({old[name], half[name], new[name]}) == 3 for name in SECRETS)
    assert find_accepted(guarded, new) == ALL
    assert find_accepted(guarded, old) == set()
    for name, value in guarded.client_variables().items():
        monkeypatch.setenv(name, value)
    found = administration.search_model_versions()
    assert [(each.version, each.aliases) for each in found] == [
        (each.version, each.aliases) for each in versions
    ]
    assert administration.load_text(run_id, "note.txt") == "kept"
    assert "is active" in guarded.do("run", "--rm", "-T", "trainer", "versions")
