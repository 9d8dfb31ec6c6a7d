"""What can be removed: deleted runs, their models, artifacts that nothing names, cached versions.

What a registered version names is kept, although its run is deleted: `mlflow gc` does not look for
that.
"""

import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from artifact_locations import find_folder
from cached_versions import list_cached_versions
from mlflow.store.artifact.artifact_repo import ArtifactRepository
from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore
from sqlalchemy import Engine, text

from backup import BackupError

ID = re.compile(r"(?:m-|tr-)?[0-9a-f]{32}")  # of a logged model, a trace, a run


@dataclass(frozen=True)
class Garbage:
    """Rows by their ids, and folders of the artifact store and of the cache."""

    runs: list[str]
    models: list[str]
    folders: list[str]
    orphans: list[str]
    cached: list[Path]


def find_garbage(engine: Engine, artifacts: ArtifactRepository, cache: Path) -> Garbage:
    """Find what no registered version, no run that is not deleted, and no trace names.

    Raises BackupError if the artifact store seems to be another stack's.
    """
    # Before the rows are read: what comes meanwhile has its row before its folder.
    stored, cached = list(_list_owned_folders(artifacts)), list_cached_versions(cache)
    with engine.connect() as connection:

        def select(query: str) -> list[Any]:
            return list(connection.execute(text(query)))

        versions = select(
            "SELECT run_id, source, storage_location, name, version FROM model_versions "
            "WHERE COALESCE(current_stage, '') <> 'Deleted_Internal'"  # such rows stay for ever
        )
        runs = select("SELECT run_uuid, artifact_uri, lifecycle_stage FROM runs")
        models = select(
            "SELECT model_id, artifact_location, lifecycle_stage, source_run_id FROM logged_models"
        )
        traces = select("SELECT request_id FROM trace_info")
    ids = (ID.findall(value) for row in versions for value in row[:3] if value)
    registered = {each for found in ids for each in found}
    names = {(name, str(version)) for *_, name, version in versions}
    # A version that names a model keeps its run, and one that names a run keeps the run's models.
    kept_models = {model for model, _, _, run in models if {model, run} & registered}
    registered |= kept_models | {run for model, _, _, run in models if model in kept_models}
    old_runs = {
        run: uri for run, uri, stage in runs if stage == "deleted" and run not in registered
    }
    old_models = {
        model: uri
        for model, uri, stage, run in models
        if model not in registered and (stage == "deleted" or run in old_runs)
    }
    located = (_find_owned_folder(*each) for each in (*old_runs.items(), *old_models.items()))
    owners = {row[0] for rows in (runs, models, traces) for row in rows} | registered
    orphans = sorted(path for path in stored if path.rpartition("/")[2] not in owners)
    if stored and len(orphans) == len(stored):
        raise BackupError(
            f"Nothing in the artifact store ({orphans[0]}, ...) is in the database, so it may be "
            "another stack's: give each stack a bucket or folder of its own. If no stack has it, "
            "empty it yourself."
        )
    return Garbage(
        runs=sorted(old_runs),
        models=sorted(old_models),
        folders=sorted(folder for folder in located if folder),
        orphans=orphans,
        cached=sorted(folder for version, folder in cached.items() if version not in names),
    )


def remove_garbage(garbage: Garbage, store: SqlAlchemyStore, artifacts: ArtifactRepository) -> None:
    """Remove files first: a row without its files is found again, should this be interrupted."""
    for folder in (*garbage.folders, *garbage.orphans):
        artifacts.delete_artifacts(folder)
    for cached in garbage.cached:
        shutil.rmtree(cached)
    for model in garbage.models:
        store._hard_delete_logged_model(model)
    for run in garbage.runs:
        store._hard_delete_run(run)


def _find_owned_folder(owner: str, uri: str) -> str | None:
    """Return the folder of an owner's artifacts in the store, None if they are elsewhere."""
    folder = (find_folder(uri) or "").removesuffix("/artifacts")
    return folder if folder.endswith(f"/{owner}") else None


def _list_owned_folders(artifacts: ArtifactRepository) -> Iterator[str]:
    """Yield <experiment>/<run>, <experiment>/models/<model> and <experiment>/traces/<trace>."""
    for experiment in _list_folders(artifacts, None):
        if experiment.isdigit():
            for path in _list_folders(artifacts, experiment):
                is_group = path.endswith(("/models", "/traces"))
                for folder in _list_folders(artifacts, path) if is_group else [path]:
                    if ID.fullmatch(folder.rpartition("/")[2]):
                        yield folder


def _list_folders(artifacts: ArtifactRepository, path: str | None) -> list[str]:
    return [found.path.rstrip("/") for found in artifacts.list_artifacts(path) if found.is_dir]
