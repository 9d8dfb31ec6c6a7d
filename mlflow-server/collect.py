"""`python collect.py`: lists what nothing needs any more; with `--apply`, removes it.

Settings are those of start.py, and, where the API keeps versions in a folder that is
within reach, MODEL_CACHE.
"""

import argparse
import os
import sys
from pathlib import Path

from credentials import connection_settings
from signals import exit_on_signals


def main() -> int:
    """List or remove the garbage and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--apply", action="store_true", help="remove what is listed")
    arguments = parser.parse_args()
    exit_on_signals()
    # these imports take seconds, in which a signal is to end the program as well
    from failures import FAILURES, explain
    from sqlalchemy import create_engine

    from backup.schema import require_newest
    from backup.transactions import lock_data

    database = os.environ["BACKEND_STORE_URI"]
    try:
        os.environ.update(connection_settings(os.environ))
        with lock_data(database, "collection"):
            with create_engine(database).connect() as connection:
                require_newest(connection)  # as the store below would make another one
            _collect(database, is_applied=arguments.apply)
    except FAILURES as error:
        print(explain(error), file=sys.stderr)
        return 1
    return 0


def _collect(database: str, *, is_applied: bool) -> None:
    from garbage import find_garbage, is_model, remove_garbage
    from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository
    from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore

    artifacts = get_artifact_repository(os.environ["ARTIFACTS_DESTINATION"])
    store = SqlAlchemyStore(database, "mlflow-artifacts:/")
    cache = os.environ.get("MODEL_CACHE")
    garbage = find_garbage(store.engine, artifacts, Path(cache) if cache else None)
    lines = [
        *(
            f"the model {owner}, deleted or of a deleted run"
            if is_model(owner)
            else f"the deleted run {owner}"
            for owner in garbage.owners
        ),
        *(f"the artifacts {folder}, which nothing names" for folder in garbage.orphans),
        *(f"the cached version {folder}, not registered any more" for folder in garbage.cached),
    ]
    for line in lines:
        print("Removing" if is_applied else "Would remove", line)
    if not lines:
        print("There is nothing to collect.")
    elif is_applied:
        for owner in remove_garbage(garbage, store, artifacts):
            print(f"Kept {owner}, which is needed again.")
        print("Removed.")
    else:
        print("Nothing is removed yet: make gc APPLY=1, or collect.py --apply")


if __name__ == "__main__":
    sys.exit(main())
