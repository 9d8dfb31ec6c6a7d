"""Makes a database as an older MLflow left it, with one version; run with the server's Python.

Arguments: the database's URI and the revision of its schema.
"""

import sys

import sqlalchemy as sa

from backup.schema import make_schema

ROWS = (
    "INSERT INTO experiments (experiment_id, name, artifact_location, lifecycle_stage) "
    "VALUES (0, 'Default', 'mlflow-artifacts:/0', 'active')",
    "INSERT INTO registered_models (name, creation_time) VALUES ('older', 1)",
    "INSERT INTO model_versions (name, version, creation_time) VALUES ('older', 7, 1)",
)

with sa.create_engine(sys.argv[1]).begin() as connection:
    make_schema(connection, sys.argv[2])
    for statement in ROWS:
        connection.execute(sa.text(statement))
