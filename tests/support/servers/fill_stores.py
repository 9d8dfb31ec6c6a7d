"""Makes a database and artifacts with all that a stack records; run with the server's Python.

Arguments: the database's URI and the folder of the artifacts.
"""

import math
import sys
from pathlib import Path

import sqlalchemy as sa
from mlflow import MlflowClient
from mlflow.entities import Dataset, DatasetInput, InputTag

NAME = "mnist-classifier"
# What the server does not offer, or not without a client of its own.
STATEMENTS = (
    "INSERT INTO secrets (secret_id, secret_name, encrypted_value, wrapped_dek, kek_version, "
    "masked_value, provider, auth_config, created_at, last_updated_at, workspace) VALUES "
    "('s', 'n', x'01', x'02', 1, 'secret-key', 'p', 'secret-key', 1, 1, 'default')",
    "INSERT INTO webhooks (webhook_id, name, url, status, secret, creation_timestamp, "
    "last_updated_timestamp, workspace) VALUES "
    "('w', 'n', 'https://h.example', 'ACTIVE', 'secret-key', 1, 1, 'default')",
    "CREATE TABLE users (username TEXT, password_hash TEXT)",  # as MLflow's accounts make it
    "INSERT INTO users VALUES ('admin', 'secret-key')",
    "INSERT INTO webhook_events (webhook_id, entity, action) VALUES ('w', 'e', 'a')",
    "INSERT INTO trace_info (request_id, experiment_id, timestamp_ms, status, total_cost) VALUES "
    "('tr-1', 1, 1, 'OK', 0.1)",
    "INSERT INTO spans (trace_id, experiment_id, span_id, status, start_time_unix_nano, "
    "end_time_unix_nano, content) VALUES ('tr-1', 1, 'a', 'OK', 9000000000000000001, "
    "9000000000000000003, '{}')",
    "INSERT INTO evaluation_datasets (dataset_id, name) VALUES ('d', 'n')",
    "INSERT INTO evaluation_dataset_records (dataset_record_id, dataset_id, inputs, input_hash, "
    "created_time, last_update_time) VALUES ('r', 'd', '{\"a\": [1.5, null]}', 'h', 1, 1)",
    "INSERT INTO sql_trace_rollup_rebuild_queue VALUES (1, '2026-11-27', 'family')",
)


def main(uri: str, artifacts: Path) -> None:
    """Fill both stores."""
    client = MlflowClient(uri)
    experiment = client.create_experiment("mnist", artifact_location="mlflow-artifacts:/1")
    client.create_registered_model(NAME, {"history.1": "1"}, "a model: é, 数字, \u2028 and '\"\\")
    for number in (1, 2):
        run = client.create_run(experiment, tags={"note": "line\nbreak\ttab"}).info
        for step, value in enumerate((0.1, -1e300, math.nan, math.inf, 5e-324)):
            client.log_metric(run.run_id, "loss", value, timestamp=2**40 + step, step=step)
        client.log_param(run.run_id, "recipe", "x" * 6000)
        dataset = Dataset("mnist", "digest", "local", "{}", "{}", "{}")
        tags = [InputTag("mlflow.data.context", "training")]
        client.log_inputs(run.run_id, [DatasetInput(dataset, tags)])
        folder = artifacts / "1" / run.run_id / "artifacts"
        (folder / "plots").mkdir(parents=True)
        (folder / "model.onnx").write_bytes(bytes(range(256)) * 400 * number)
        (folder / "plots" / "é a.png").write_bytes(b"")
        client.create_model_version(NAME, f"{run.artifact_uri}/model", run.run_id, {"gate": "ok"})
        client.set_terminated(run.run_id)
    client.set_registered_model_alias(NAME, "Production", "2")
    client.delete_run(run.run_id)
    engine = sa.create_engine(uri)
    with engine.begin() as connection:
        for statement in STATEMENTS:
            connection.execute(sa.text(statement))


main(sys.argv[1], Path(sys.argv[2]))
