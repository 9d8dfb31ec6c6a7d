"""deploy/kubernetes/score: a worker that is killed in the middle loses and doubles nothing."""

import base64
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.stacks.cluster_commands import find_kubernetes_commands, run_command
from support.stacks.kubernetes import apply, image_of, kubectl, read, wait_for

OVERLAY = Path(__file__).with_name("score")
IMAGES, PART = 60_000, 20
PREPARE = f"""
import io
import numpy as np
from botocore.session import get_session
file = io.BytesIO()
np.save(file, np.random.default_rng(0).integers(0, 256, ({IMAGES}, 784), np.uint8))
client = get_session().create_client("s3", region_name="us-east-1")
client.create_bucket(Bucket="images")
client.put_object(Bucket="images", Key="input/images.npy", Body=file.getvalue())
"""
LIST = """
import json, time
from mnist_score.locations import open_location
folder = open_location("s3://images/scores")
while True:
    found = {one.base_name: one.mtime_ns for one in folder.list() if one.base_name[0] != "_"}
    if sum(int(name[5:11]) % 2 for name in found) >= LEAST:
        break
    time.sleep(0.1)
print(json.dumps(found))
"""
READ = """
import json
import pyarrow.parquet as pq
from mnist_score.locations import open_location
folder = open_location("s3://images/scores")
table = pq.read_table(folder.path, filesystem=folder.files)
print(json.dumps([table["index"].to_pylist(), sorted(set(table["version"].to_pylist()))]))
"""


@pytest.fixture
def bucket(tmp_path: Path) -> Iterator[None]:
    """Images in a bucket of the cluster's MinIO, and a pod that reaches it."""
    data = read("secret", "minio-password")["data"]["password"]
    keys = {
        "AWS_ACCESS_KEY_ID": "minio-root",
        "AWS_SECRET_ACCESS_KEY": base64.b64decode(data).decode(),
        "AWS_ENDPOINT_URL": "http://minio:9000",
    }
    lines = [f"{name}={value}\n" for name, value in keys.items()]
    (tmp_path / "score.env").write_text("".join(lines))
    for command in find_kubernetes_commands("scoring.md", "create secret generic score"):
        run_command(command, tmp_path)
    kubectl("apply", "--filename=deploy/kubernetes/score/network-policies.yaml")
    container = {
        "name": "images",
        "image": image_of("api").replace("mnist-api", "mnist-score"),
        "command": ["sleep", "600"],
        "envFrom": [{"secretRef": {"name": "score"}}],
        "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
    }
    spec = {
        "containers": [container],
        "securityContext": {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}},
        "terminationGracePeriodSeconds": 0,
    }
    metadata = {"name": "images", "labels": {"app": "score"}}
    apply({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec})
    kubectl("wait", "pod/images", "--for=condition=Ready", "--timeout=60s")
    execute(PREPARE)
    yield
    kubectl("delete", "--kustomize", str(OVERLAY))
    kubectl("delete", "pod/images", "secret/score", "--wait=false")


def execute(script: str) -> str:
    return kubectl("exec", "images", "--", "python", "-c", script)


@pytest.mark.usefixtures("bucket")
def test_a_killed_worker_loses_and_doubles_nothing() -> None:
    kubectl("apply", "--kustomize", str(OVERLAY))
    worker = "--selector=batch.kubernetes.io/job-completion-index=1"
    (pod,) = wait_for(lambda: read("pods", worker)["items"], 60)
    before = json.loads(execute(LIST.replace("LEAST", "20")))
    kubectl("delete", "pod", pod["metadata"]["name"], "--grace-period=0", "--force")
    kubectl("wait", "job/score", "--for=condition=Complete", "--timeout=180s")
    status = read("job", "score")["status"]
    assert (status["failed"], status["succeeded"]) == (1, 2), "it was killed in the middle"
    indexes, versions = json.loads(execute(READ))
    assert indexes == [*range(IMAGES)]
    assert len(versions) == 1
    after = json.loads(execute(LIST.replace("LEAST", "0")))
    assert len(after) == IMAGES // PART > len(before)
    assert before.items() <= after.items(), "no part is written twice"
