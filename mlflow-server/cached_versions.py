"""The versions in the API's cache folder: <model>/<version>/version.json says which one it is."""

import json
from pathlib import Path
from typing import Any


def list_cached_versions(cache: Path) -> dict[tuple[str, str], Path]:
    """Return the folders by model and version, without those that were last active."""
    active = {_read(path).get("version", {}).get("version") for path in cache.glob("*/in-*.json")}
    found = {path.parent: _read(path) for path in cache.glob("*/*/version.json")}
    return {
        (version["name"], version["version"]): folder
        for folder, version in found.items()
        if {"name", "version"} <= version.keys() and version["version"] not in active
    }


def _read(path: Path) -> dict[str, Any]:
    """Return a JSON object, empty where the file is damaged or has just gone."""
    try:
        content = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}
