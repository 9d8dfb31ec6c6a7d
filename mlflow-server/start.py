"""Starts the tracking server, as a local process and in its container alike.

Settings: BACKEND_STORE_URI (where runs and the registry live), ARTIFACTS_DESTINATION (where
files live; clients reach them through the server), HOST and PORT.
"""

import os
import sys
from pathlib import Path

SETTINGS = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",  # saves 2 GB
}


def main() -> None:
    """Replace this process by the server, so that it receives the signals itself."""
    os.environ.update(SETTINGS)
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
