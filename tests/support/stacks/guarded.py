"""The stack with compose/access.yaml and compose/proxy.yaml: token, accounts, TLS, two replicas."""

import base64
import os
import ssl
import subprocess
from pathlib import Path
from typing import Any

import httpx

from support.processes import ROOT
from support.stacks.compose import QUICK, Stack, docker, read_services

OVERLAYS = ("compose/images.yaml", "compose/access.yaml", "compose/proxy.yaml")
ACCOUNTS = ("admin", "trainer", "api")
STAND_IN = Path(__file__).with_name("nginx")
# A running service that mounts each secret.
SECRETS = {
    "api-token": "api",
    "mlflow-admin": "mlflow-server",
    "mlflow-api": "mlflow-server",
    "mlflow-trainer": "mlflow-server",
    "minio": "minio",
    "postgres": "mlflow-server",
    "s3": "mlflow-server",
}

SEARCH = "/api/2.0/mlflow/experiments/search?max_results=1"  # a route of MLflow
# Prints who is accepted with the passwords of Postgres, of the account of S3 and of MinIO's root.
TRY_STORES = """
import os, sys
import boto3, botocore.exceptions, psycopg2
os.environ["no_proxy"] = "*"
postgres, s3, root = sys.argv[1:]
try:
    psycopg2.connect(host="postgres", user="mlflow", dbname="mlflow", password=postgres).close()
    print("postgres")
except psycopg2.OperationalError as error:
    assert "authentication failed" in str(error), error
for user, secret in (("mlflow", s3), ("minio-root", root)):
    account = {"aws_access_key_id": user, "aws_secret_access_key": secret}
    try:
        client = boto3.client("s3", endpoint_url="http://minio:9000", **account)
        client.list_objects_v2(Bucket="mlflow")
        print(user)
    except botocore.exceptions.ClientError as error:
        assert error.response["Error"]["Code"] == "SignatureDoesNotMatch", error
"""
ALL = {"postgres", "mlflow", "minio-root", "token", *ACCOUNTS}


def provide_nginx() -> None:
    """Pull nginx's image, or build the stand-in of the same name where no registry answers."""
    image = read_services(COMPOSE_FILE="compose.yaml:compose/proxy.yaml")["proxy"]["image"]
    if docker("images", "--quiet", image) or docker("pull", "--quiet", image, check=False):
        return
    docker("build", "--quiet", "--tag", image, str(STAND_IN))


class GuardedStack(Stack):
    """The stack with two replicas of the API; its clients need its certificate and secrets."""

    def __init__(self, project: str, images: str, folder: Path) -> None:
        """Run the images whose names start with ``images``."""
        super().__init__(
            project, folder, TRAIN_ARGS=QUICK, API_REPLICAS="2", IMAGE_PREFIX=images,
            IMAGE_TAG="latest", COMPOSE_FILE=":".join(("compose.yaml", *OVERLAYS)),
            PROXY_NETWORK="172.16.246",
        )  # fmt: skip
        self.api_url = self.api_url.replace("http:", "https:")
        self.mlflow_url = self.mlflow_url.replace("http:", "https:")
        self.certificate = folder / f"{project}.pem"

    def start_all(self) -> None:
        """Start all services, wait until they are healthy, and read the certificate."""
        self.do("up", "--detach", "--wait")
        self.trust_certificate()

    def trust_certificate(self) -> None:
        """Let the clients accept the certificate that the proxy's folder has now."""
        read = ("openssl", "x509", "-in", "/run/certificate/server.pem")
        self.certificate.write_text(self.do("exec", "-T", "proxy", *read))

    def secrets(self) -> dict[str, str]:
        """Return every secret by the name of its folder."""
        return {name: self.password(service, name) for name, service in SECRETS.items()}

    def tls(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=str(self.certificate))

    def bearer(self, token: str | None = None) -> dict[str, str]:
        """Return the header with ``token``, by default the API's own."""
        return {"Authorization": f"Bearer {token or self.password('api', 'api-token')}"}

    def basic(self, name: str, password: str | None = None) -> dict[str, str]:
        """Return the header of one of MLflow's accounts, by default with its own password."""
        password = password or self.password("mlflow-server", f"mlflow-{name}")
        return {
            "Authorization": f"Basic {base64.b64encode(f'{name}:{password}'.encode()).decode()}"
        }

    def send(
        self, url: str, headers: dict[str, str] | None = None, method: str = "GET", json: Any = None
    ) -> int:
        """Send a request through the proxy; return the status of the response."""
        with httpx.Client(verify=self.tls(), timeout=20) as client:
            return client.request(method, url, headers=headers, json=json).status_code

    def find_accepted(self, secrets: dict[str, str]) -> set[str]:
        """Return which of ALL are accepted with ``secrets``."""
        command = (
            "python",
            "-c",
            TRY_STORES,
            *(secrets[key] for key in ("postgres", "s3", "minio")),
        )
        found = set(self.do("exec", "-T", "mlflow-server", *command).split())
        if self.send(f"{self.api_url}/model", self.bearer(secrets["api-token"])) == 200:
            found.add("token")
        for name in ACCOUNTS:
            account = self.basic(name, secrets[f"mlflow-{name}"])
            if self.send(f"{self.mlflow_url}{SEARCH}", account) == 200:
                found.add(name)
        return found

    def read_logs(self) -> list[str]:
        """Return what each replica of the API wrote; `docker compose logs` adds to its lines."""
        return [docker("logs", replica) for replica in self.do("ps", "--quiet", "api").split()]

    def client_variables(self) -> dict[str, str]:
        """Return what MLflow's client reads from the environment."""
        return {
            "MLFLOW_TRACKING_USERNAME": "admin",
            "MLFLOW_TRACKING_PASSWORD": self.password("mlflow-server", "mlflow-admin"),
            "MLFLOW_TRACKING_SERVER_CERT_PATH": str(self.certificate),
        }

    def sh(self, command: str) -> str:
        """Run a command of the documents on this stack, and return its output."""
        self.command()  # writes the file of settings
        names = {"COMPOSE_PROJECT_NAME": self.project, "COMPOSE_ENV_FILES": str(self.env_file)}
        variables = self.environ() | names | {"PATH": os.environ["PATH"]}
        done = subprocess.run(
            ["sh", "-c", command], cwd=ROOT, env=variables,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            check=False,
        )  # fmt: skip
        assert done.returncode == 0, f"{command}: {done.returncode}\n{done.stdout}"
        return done.stdout
