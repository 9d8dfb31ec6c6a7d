"""Child process: downloads a file with MLflow's client, which supports every artifact store.

Arguments: tracking URI, the file's URI, the folder, the largest size in bytes. An error is printed
in one line.
"""

import os
import resource
import sys

from mnist_api.model.child_process import read_arguments

CLIENT_SETTINGS = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "5",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
}


def main() -> None:
    """Download one file of at most the given size."""
    server, uri, folder, max_bytes = read_arguments()
    limit = int(max_bytes) + 1  # a file of this size is too large for the parent
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    os.environ.update(CLIENT_SETTINGS)
    import mlflow
    from mlflow.artifacts import download_artifacts

    mlflow.set_tracking_uri(server)
    mlflow.set_registry_uri(server)
    try:
        download_artifacts(uri, dst_path=folder)
    except Exception as error:  # MLflow lets through those of requests and of each store
        sys.stdout.write((str(error).strip().splitlines() or [type(error).__name__])[0])
        sys.exit(1)


if __name__ == "__main__":
    main()
