"""The process of a download with MLflow's client: arguments are server, address and folder.

The client alone knows every store, and costs 45 MB: it ends with this process. What it says of a
failure is printed, in one line.
"""

import os
import resource
import sys

from mnist_api.model.child_process import end_with_parent

CLIENT_SETTINGS = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "5",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
}


def main() -> None:
    """Download one file of at most the bytes given."""
    server, address, folder, most_bytes = end_with_parent()
    limit = int(most_bytes) + 1  # a file that reaches it is seen to be too large
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    os.environ.update(CLIENT_SETTINGS)
    import mlflow
    from mlflow.artifacts import download_artifacts

    mlflow.set_tracking_uri(server)
    mlflow.set_registry_uri(server)
    try:
        download_artifacts(address, dst_path=folder)
    except Exception as error:  # its own, those of requests and of every store come through
        sys.stdout.write((str(error).strip().splitlines() or [type(error).__name__])[0])
        sys.exit(1)


if __name__ == "__main__":
    main()
