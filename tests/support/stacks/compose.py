"""The Compose stack as a user runs it, with its own project name and ports."""

import fcntl
import json
import os
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import httpx

from support.processes import ROOT, free_port, wait_until

INHERITED = ("PATH", "HOME", "DOCKER_HOST", "DOCKER_CONTEXT", "DOCKER_CONFIG")
QUICK = "--recipe quick --epochs 4"  # 4 s instead of a minute; reaches the gate's minimum
BODY = {"image": [0.0] * 784}
REFUSING = "http://127.0.0.1:9"  # nothing listens there, neither here nor in a container
EXCEPTED = "theirs.example,.test"
PROXIES = dict.fromkeys(("httpProxy", "httpsProxy", "allProxy"), REFUSING) | {"noProxy": EXCEPTED}


def docker(*arguments: str, check: bool = True) -> str:
    """Run docker and return its standard output; a failure shows its standard error."""
    done = subprocess.run(["docker", *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0 or not check, f"docker {' '.join(arguments)}:\n{done.stderr}"
    return done.stdout


def environ() -> dict[str, str]:
    """The environment variables of this process without those that would change the stack."""
    return {name: os.environ[name] for name in INHERITED if name in os.environ}


def read_services(**settings: str) -> dict[str, Any]:
    """Return Compose's own reading of the services of every profile, by their names."""
    options = ["--project-name=mnist-compose-test", "--env-file=/dev/null", "--profile=*"]
    command = ["docker", "compose", *options, "config", "--format=json"]
    variables = environ() | settings
    done = subprocess.run(command, cwd=ROOT, env=variables, capture_output=True, check=True)
    return dict(json.loads(done.stdout)["services"])


SERVICES = read_services()
ON_REQUEST = [name for name, service in SERVICES.items() if service.get("profiles")]
ONE_SHOTS = [
    name
    for name, service in SERVICES.items()
    if service.get("restart") == "no" and name not in ON_REQUEST
]
RUNNING = [name for name in SERVICES if name not in (*ON_REQUEST, *ONE_SHOTS)]


StackType = TypeVar("StackType", bound="Stack")
STARTED: list["Stack"] = []  # whose state is printed when a test fails


class Stack:
    """One Compose project; the repository's .env file is not read.

    Docker's client configuration names a proxy that refuses all: no container may use it.
    """

    def __init__(self, project: str, folder: Path, **settings: str) -> None:
        self.project = project
        self.root = ROOT  # of the compose.yaml
        self.behind_proxy = True
        self.docker_config = folder / f"{project}-docker"
        self.docker_config.mkdir()
        (self.docker_config / "config.json").write_text(
            json.dumps({"proxies": {"default": PROXIES}})
        )
        self.api_url = f"http://127.0.0.1:{(api := free_port())}"
        self.mlflow_url = f"http://127.0.0.1:{(mlflow := free_port())}"
        self.settings = {
            "API_PORT": str(api),
            "MLFLOW_PORT": str(mlflow),
            "MINIO_CONSOLE_PORT": str(free_port()),
            **settings,
        }
        self.env_file = folder / f"{project}.env"

    def command(self, *arguments: str, **settings: str) -> list[str]:
        lines = [f"{name}={value}\n" for name, value in (self.settings | settings).items()]
        if not self.env_file.exists() or self.env_file.read_text() != "".join(lines):
            self.env_file.write_text("".join(lines))  # a command that runs may read it just now
        options = ["--project-name", self.project, "--env-file", str(self.env_file)]
        return ["docker", "compose", "--progress=plain", *options, *arguments]

    def environ(self) -> dict[str, str]:
        proxy = {"DOCKER_CONFIG": str(self.docker_config)} if self.behind_proxy else {}
        return environ() | proxy

    def build(self) -> None:
        """Build all images, without the proxy that refuses all; other test runs wait."""
        self.behind_proxy = False
        with (ROOT / ".local" / "compose-build.lock").open("w") as lock_file:
            fcntl.flock(lock_file, fcntl.LOCK_EX)  # one tag, one image
            self.do("build")
        self.behind_proxy = True

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Start a compose command; the caller reads its output, which includes its errors."""
        return subprocess.Popen(
            self.command(*arguments), cwd=self.root, env=self.environ(), text=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip

    def run(self, *arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.command(*arguments, **settings), cwd=self.root, env=self.environ(), text=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False,
        )  # fmt: skip

    def do(self, *arguments: str, **settings: str) -> str:
        """Run a compose command that must succeed; return its output."""
        done = self.run(*arguments, **settings)
        assert done.returncode == 0, f"{' '.join(arguments)}: {done.returncode}\n{done.stdout}"
        return done.stdout

    def up(self) -> str:
        """Start all services and wait until they are healthy; return the durations as text."""
        begin = time.monotonic()
        compose = self.start("up", "--detach", "--wait")
        predicted = None
        while compose.poll() is None:
            if predicted is None and self.predicts():
                predicted = time.monotonic() - begin
            time.sleep(0.05)
        output = compose.communicate()[0]
        assert compose.returncode == 0, f"{output[-500:]}\n{self.state()}"
        wait_until(self.predicts, 30)  # the health check asks one worker only
        healthy = time.monotonic() - begin
        return f"first prediction {predicted or healthy:.1f} s, all healthy {healthy:.1f} s"

    def state(self) -> str:
        """The status of every container and the last lines of its log."""
        commands = (("ps", "--all"), ("logs", "--no-color", "--tail=30"))
        return "\n".join(self.run(*arguments).stdout for arguments in commands)

    def predicts(self) -> bool:
        try:
            return httpx.post(f"{self.api_url}/predict", json=BODY, timeout=5).status_code == 200
        except httpx.HTTPError:
            return False

    def inspect(self, service: str) -> dict[str, Any]:
        container = self.do("ps", "--all", "--quiet", service).split()
        return json.loads(docker("inspect", *container))[0]

    def health(self, service: str) -> str:
        return str(self.inspect(service)["State"]["Health"]["Status"])

    def wait_for(self, service: str, health: str, seconds: float = 120) -> None:
        wait_until(lambda: self.health(service) == health, seconds)

    def password(self, service: str, name: str) -> str:
        return self.do("exec", "-T", service, "cat", f"/run/passwords/{name}/password")

    def remove(self) -> None:
        """Remove the project's containers, networks and volumes."""
        self.do("--profile", "*", "down", "--volumes", "--remove-orphans", "--timeout", "10")

    def resources(self) -> str:
        """The ids of the project's containers, volumes and networks, empty when there are none."""
        label = f"label=com.docker.compose.project={self.project}"
        kinds = (("ps", "--all"), ("volume", "ls"), ("network", "ls"))
        return "".join(docker(*kind, "--quiet", "--filter", label) for kind in kinds)


@contextmanager
def started(stack: StackType, start: Callable[[], object]) -> Iterator[StackType]:
    """Start a stack on empty volumes for the `with` block, and remove it in the end."""
    stack.remove()  # left over when a test run was killed
    STARTED.append(stack)
    try:
        start()
        yield stack
    finally:
        STARTED.remove(stack)
        stack.remove()


def check_hardened(container: dict[str, Any]) -> None:
    """Check that an inspected container has no privilege that it does not need."""
    host = container["HostConfig"]
    assert container["Config"]["User"] not in ("", "0", "root")
    assert host["ReadonlyRootfs"]
    assert host["CapDrop"] == ["ALL"]
    assert not host["CapAdd"]
    assert not host["Privileged"]
    assert "no-new-privileges:true" in host["SecurityOpt"]
    assert host["Memory"] > 0
    assert host["PidsLimit"] > 0
    assert host["Init"]
