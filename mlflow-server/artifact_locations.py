"""Locations of artifacts as MLflow's database has them: in the artifact store, or elsewhere."""

import re
from urllib.parse import unquote, urlsplit

from backup.archive import is_path

PROXIED = "mlflow-artifacts"  # the scheme of locations in the server's artifact store
OWNED = re.compile(r"/(m-)?[0-9a-f]{32}/artifacts(?=/|\Z)")  # by a run or a logged model
NAME = re.compile(r"[\w-]*")  # what stands for the source of a prompt or a deleted version


def find_folder(location: str) -> str | None:
    """Return the folder of the artifact store that a location names, None if it is elsewhere.

    Whoever may create an experiment names its location, such as `mlflow-artifacts:/../outside`.
    """
    try:
        url = urlsplit(location)
    except ValueError:
        return None
    path = url.path
    while (decoded := unquote(path)) != path:  # as MLflow does: %2520 is a space
        path = decoded
    folder = "/".join(part for part in path.split("/") if part not in ("", "."))
    is_inside = not folder or is_path(folder)
    return folder if url.scheme == PROXIED and is_inside else None


def is_allowed(location: str) -> bool:
    """Return whether MLflow may have given this location to a run, a logged model or a version.

    It shows all files there to everybody. On its own disk it appends the owner's id to what an
    experiment names: so nobody can have it show a folder that was there before.
    """
    try:
        url = urlsplit(location)
    except ValueError:
        return False
    if url.scheme not in ("", "file") or NAME.fullmatch(location):
        return True
    path = unquote(url.path if url.scheme else location)
    owned = OWNED.search(path)
    return owned is not None and ".." not in path[owned.end() :].split("/")
