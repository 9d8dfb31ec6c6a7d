"""The versions in the API's cache folder: <model>/<version>/version.json says which one it is."""

import json
from pathlib import Path
from typing import Any


def list_cached_versions(cache: Path) -> dict[tuple[str, str], Path]:
    """Return the folders by model and version, without those that were last active."""
    active = {_identify(_read(path).get("version")) for path in cache.glob("*/in-*.json")}
    found = {_identify(_read(path)): path.parent for path in cache.glob("*/*/version.json")}
    return {
        version: folder for version, folder in found.items() if version and version not in active
    }


def _identify(version: Any) -> tuple[str, str] | None:
    """Return the model and the number of a version, None where the file does not say."""
    match version:
        case {"name": str(name), "version": str(number)}:
            return name, number
    return None


def _read(path: Path) -> dict[str, Any]:
    """Return a JSON object, empty where the file is damaged or has just gone."""
    try:
        content = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}
