"""deploy/kubernetes/score: killed workers, wrong options, and images that can't be read."""

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from support.documents import find_commands
from support.processes import ROOT
from support.stacks.cluster_commands import run_command
from support.stacks.kubernetes import apply, image_of, kubectl, read, wait_for

OVERLAY = Path(__file__).with_name("score")
IMAGES, PART = 60_000, 20
PREPARE = f"""
import io
import numpy as np
from botocore.session import get_session
client = get_session().create_client("s3", region_name="us-east-1")
client.create_bucket(Bucket="images")
whole = np.random.default_rng(0).integers(0, 256, ({IMAGES}, 784), np.uint8)
for folder, images in (("input", whole), ("damaged", np.full((10, 784), np.nan))):
    file = io.BytesIO()
    np.save(file, images)
    client.put_object(Bucket="images", Key=folder + "/images.npy", Body=file.getvalue())
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


@pytest.fixture(scope="module", autouse=True)
def bucket(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Images in a bucket of the cluster's MinIO, and a pod that reaches it."""
    folder = tmp_path_factory.mktemp("secret")
    data = read("secret", "minio-password")["data"]["password"]
    keys = {
        "AWS_ACCESS_KEY_ID": "minio-root",
        "AWS_SECRET_ACCESS_KEY": base64.b64decode(data).decode(),
        "AWS_ENDPOINT_URL": "http://minio:9000",
    }
    lines = [f"{name}={value}\n" for name, value in keys.items()]
    (folder / "score.env").write_text("".join(lines))
    commands = find_commands(ROOT / "docs" / "scoring.md")
    run_command(next(each for each in commands if "create secret generic score" in each), folder)
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


def run_failing(*arguments: str) -> Any:
    """Run the Job with other arguments until it has failed; return its status."""
    objects = yaml.safe_load_all(kubectl("kustomize", str(OVERLAY)))
    (job,) = (each for each in objects if each["kind"] == "Job")
    job["metadata"]["name"] = "failing"
    job["spec"]["template"]["spec"]["containers"][0]["args"] = arguments
    apply(job)
    kubectl("wait", "job/failing", "--for=condition=Failed", "--timeout=60s")
    status = read("job", "failing")["status"]
    kubectl("delete", "job/failing")
    return status


def test_what_another_try_cannot_mend_is_tried_once() -> None:
    wrong = run_failing("s3://images/input", "--output=s3://images/none", "--no-such-option")
    assert [each.get("reason") for each in wrong["conditions"]][-1] == "PodFailurePolicy"
    assert wrong["failed"] <= 2, "a pod of each worker"
    aside = run_failing("s3://images/damaged", "--output=s3://images/aside", "--workers=2")
    assert (aside["failed"], aside["succeeded"], aside["failedIndexes"]) == (1, 1, "0")
