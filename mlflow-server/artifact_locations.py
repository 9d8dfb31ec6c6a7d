"""Locations of artifacts as MLflow's database has them: in the artifact store, or elsewhere."""

from urllib.parse import unquote, urlsplit

from backup.archive import is_path

PROXIED = "mlflow-artifacts"  # the scheme of locations in the server's artifact store


def find_folder(location: str) -> str | None:
    """Return the folder of the artifact store that a location names, None if it is elsewhere.

    Whoever may create an experiment names its location, such as `mlflow-artifacts:/../outside`.
    """
    try:
        url = urlsplit(location)
    except ValueError:
        return None
    folder = url.path.strip("/")
    is_inside = not folder or is_path(unquote(folder))  # MLflow unquotes what it deletes
    return folder if url.scheme == PROXIED and is_inside else None
