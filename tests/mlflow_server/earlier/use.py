"""Run by the earlier MLflow: writes a run and a version by a server, or reads them from a database.

`write URL` prints the run's id; `read DATABASE` prints the accuracy of the version's run.
"""

import sys

import mlflow
from mlflow import MlflowClient

ACTION, ADDRESS = sys.argv[1:]
mlflow.set_tracking_uri(ADDRESS)
client = MlflowClient()
if ACTION == "write":
    mlflow.set_experiment("earlier")
    with mlflow.start_run() as run:
        mlflow.log_param("layers", 2)
        mlflow.log_metric("accuracy", 0.75)
        mlflow.log_text("made by an earlier version", "model/note.txt")
    client.create_registered_model("digits")
    source = f"{run.info.artifact_uri}/model"
    client.create_model_version("digits", source, run.info.run_id, tags={"gate": "passed"})
    client.set_registered_model_alias("digits", "Production", "1")
    print(run.info.run_id)
else:
    version = client.get_model_version_by_alias("digits", "Production")
    print(client.get_run(version.run_id).data.metrics["accuracy"])
