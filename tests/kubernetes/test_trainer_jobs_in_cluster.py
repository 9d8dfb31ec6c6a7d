"""The trainer's commands as Jobs, and how soon every pod of the API serves what they promote."""

import json
import re
import time
from concurrent.futures import ThreadPoolExecutor

import httpx

from support.stacks.cluster_commands import find_kubernetes_commands, run_command
from support.stacks.kubernetes import forwarded, kubectl, pods, read, run_in, wait_for

REQUEST = (
    "import http.client as h, json; c = h.HTTPConnection('127.0.0.1', 8000, timeout=5); "
    "c.request('GET', '/model'); print(json.loads(c.getresponse().read())['version'])"
)


def active_versions() -> set[str]:
    """Return what each pod of the API says that it serves."""
    names = [pod["metadata"]["name"] for pod in pods("api")]
    with ThreadPoolExecutor() as threads:
        return set(threads.map(lambda name: run_in(name, "python", "-c", REQUEST).strip(), names))


def test_every_pod_serves_a_moved_alias_within_five_seconds() -> None:
    with forwarded("service/mlflow-server", 5000) as mlflow:
        newest = train(mlflow)
        for version in ("1", newest):
            move_alias(mlflow, version)
            looks = [time.monotonic()]
            while active_versions() != {version}:
                assert looks[-1] - looks[0] < 5, "when this look began"
                looks.append(time.monotonic())


def train(mlflow: str) -> str:
    """Train a version as a Job, whose pod is killed once; return the one that is registered."""

    def versions() -> set[str]:
        found = httpx.get(f"{mlflow}/api/2.0/mlflow/model-versions/search", timeout=10).json()
        return {each["version"] for each in found["model_versions"]}

    before = versions()
    create, wait, follow = find_kubernetes_commands("training")
    run_command(f"{create} && {wait}")
    selector = "--selector=batch.kubernetes.io/job-name=trainer-1"
    (pod,) = (each["metadata"]["name"] for each in read("pods", selector)["items"])
    # a container ends, and another one follows, where policies do not let a new pod out yet
    wait_for(lambda: "Epoch" in kubectl("logs", pod), 180)
    kubectl("delete", "pod", pod, "--grace-period=0", "--force")
    wait_for(lambda: read("job", "trainer-1")["status"].get("failed"), 60)
    run_command(f"{wait} && {follow}")
    kubectl("wait", "job/trainer-1", "--for=condition=Complete", "--timeout=180s")
    assert read("job", "trainer-1")["status"]["failed"] == 1
    (registered,) = versions() - before
    return registered


def move_alias(mlflow: str, version: str) -> None:
    body = {"name": "mnist-classifier", "alias": "Production", "version": version}
    url = f"{mlflow}/api/2.0/mlflow/registered-models/alias"
    assert httpx.post(url, json=body, timeout=10).status_code == 200


def test_another_command_of_the_trainer_is_a_job_as_documented() -> None:
    """The overlay of these tests gives a training options, which a rollback refuses."""
    path = "/spec/jobTemplate/spec/template/spec/containers/0/args"
    args = [{"op": "replace", "path": path, "value": ["train"]}]
    kubectl("patch", "cronjob/trainer", "--type=json", f"--patch={json.dumps(args)}")
    *start, logs = find_kubernetes_commands("rollback")
    run_command(" && ".join(start))
    said = re.search(r"Version (\d+) of .* version (\d+) is promoted again", run_command(logs))
    assert said
    assert said[1] != said[2]
    wait_for(lambda: active_versions() == {said[2]}, 30)
