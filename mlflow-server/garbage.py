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
VERSIONS = (
    "FROM model_versions "
    "WHERE COALESCE(current_stage, '') <> 'Deleted_Internal'"  # such rows stay for ever
)
DELETED_MODELS = (
    "FROM logged_models LEFT JOIN runs ON run_uuid = source_run_id "
    "WHERE 'deleted' IN (logged_models.lifecycle_stage, runs.lifecycle_stage)"
)
IDS = (
    "SELECT run_uuid FROM runs UNION SELECT model_id FROM logged_models "
    "UNION SELECT request_id FROM trace_info"
)


@dataclass(frozen=True)
class Garbage:
    """What can be removed.

    Runs and models have the locations of their artifacts, and each run comes after its models.
    Orphans are folders of the artifact store.
    """

    owners: dict[str, str]
    orphans: list[str]
    cached: list[Path]


def find_garbage(engine: Engine, artifacts: ArtifactRepository, cache: Path | None) -> Garbage:
    """Find what no registered version, no run that is not deleted, and no trace names.

    Raises BackupError if the artifact store seems to be another stack's.
    """
    # Before the rows are read: what comes meanwhile has its row before its folder.
    stored = list(_list_owned_folders(artifacts))
    cached = list_cached_versions(cache) if cache else {}
    old, registered = _read_owners(engine)
    with engine.connect() as connection:
        known = registered.union(connection.scalars(text(IDS)))
        versions = connection.execute(text(f"SELECT name, version {VERSIONS}"))
        names = {(name, str(version)) for name, version in versions}
    orphans = sorted(path for path in stored if path.rpartition("/")[2] not in known)
    if stored and len(orphans) == len(stored):
        raise BackupError(
            f"Nothing in the artifact store ({orphans[0]}, ...) is in the database, so it may be "
            "another stack's: give each stack a bucket or folder of its own. If no stack has it, "
            "empty it yourself."
        )
    return Garbage(
        owners=old,
        orphans=orphans,
        cached=sorted(folder for version, folder in cached.items() if version not in names),
    )


def remove_garbage(
    garbage: Garbage, store: SqlAlchemyStore, artifacts: ArtifactRepository
) -> list[str]:
    """Remove what is garbage still, and return the runs and models that are needed again.

    Files first: a row without its files is found again, should this be interrupted.
    """
    needed = []
    for owner, location in garbage.owners.items():
        if owner not in _read_owners(store.engine)[0]:  # restored or registered meanwhile
            needed.append(owner)
            continue
        if folder := _find_owned_folder(owner, location):
            artifacts.delete_artifacts(folder)
        if is_model(owner):
            store._hard_delete_logged_model(owner)
        else:
            store._hard_delete_run(owner)
    for folder in garbage.orphans:
        artifacts.delete_artifacts(folder)
    for cached in garbage.cached:
        shutil.rmtree(cached)
    return needed


def is_model(owner: str) -> bool:
    """Return whether an id is a logged model's, not a run's."""
    return owner.startswith("m-")


def _read_owners(engine: Engine) -> tuple[dict[str, str], set[str]]:
    """Return the runs and models that can be removed, and the ids that versions name."""
    with engine.connect() as connection:

        def select(query: str) -> list[Any]:
            return list(connection.execute(text(query)))

        versions = select(f"SELECT run_id, source, storage_location {VERSIONS}")
        runs = select("SELECT run_uuid, artifact_uri FROM runs WHERE lifecycle_stage = 'deleted'")
        models = select(
            "SELECT model_id, artifact_location, logged_models.lifecycle_stage, source_run_id "
            f"{DELETED_MODELS}"
        )
    registered = {each for row in versions for value in row if value for each in ID.findall(value)}
    # A version that names a model keeps its run, and one that names a run keeps the run's models.
    kept_models = {model for model, _, _, run in models if {model, run} & registered}
    registered |= kept_models | {run for model, _, _, run in models if model in kept_models}
    old = {run: uri for run, uri in runs if run not in registered}
    old |= {
        model: uri
        for model, uri, stage, run in models
        if model not in registered and (stage == "deleted" or run in old)
    }
    run_of = {model: run or model for model, _, _, run in models}
    order = sorted(old, key=lambda owner: (run_of.get(owner, owner), not is_model(owner)))
    return {owner: old[owner] for owner in order}, registered


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
