"""Starts the tracking server, as a local process and in its container alike.

Settings: BACKEND_STORE_URI (where runs and the registry live), ARTIFACTS_DESTINATION (where
files live; clients reach them through the server), HOST and PORT. PGPASSWORD and
AWS_SECRET_ACCESS_KEY may be given as files: PGPASSWORD_FILE, AWS_SECRET_ACCESS_KEY_FILE.
"""

import os
import sys
from pathlib import Path

SETTINGS = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",  # saves 2 GB
}
SECRETS = ("PGPASSWORD", "AWS_SECRET_ACCESS_KEY")  # as libpq and boto3 call them


def main() -> None:
    """Replace this process by the server, so that it receives the signals itself."""
    os.environ.update(SETTINGS)
    for name in SECRETS:
        if file := os.environ.get(f"{name}_FILE"):
            os.environ[name] = Path(file).read_text()
    mlflow = Path(sys.executable).with_name("mlflow")
    os.execv(  # noqa: S606
        mlflow,
        [
            str(mlflow),
            "server",
            f"--backend-store-uri={os.environ['BACKEND_STORE_URI']}",
            f"--artifacts-destination={os.environ['ARTIFACTS_DESTINATION']}",
            f"--host={os.environ.get('HOST', '127.0.0.1')}",
            f"--port={os.environ.get('PORT', '5000')}",
            "--workers=1",
        ],
    )


if __name__ == "__main__":
    main()
