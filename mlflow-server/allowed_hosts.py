"""Converts the setting MLFLOW_ALLOWED_HOSTS to MLflow's patterns.

A name alone, or with `:*`, allows every port; with a number, that port only. `*` matches any
characters: `*.lan`, or `*` for all names. The names of this machine are always allowed.
"""

import re

LOOPBACK = ("localhost", "127.0.0.1", "[::1]")
ENTRY = re.compile(r"(?P<name>\[[0-9a-f:.]+\]|[0-9a-z._*-]+)(:(?P<port>\*|[0-9]+))?")


class AllowedHostsError(Exception):
    """The setting is invalid; the message says why and what is allowed."""


def read_allowed_hosts(text: str) -> str:
    """Return the patterns for ``text``, separated by commas. Raises AllowedHostsError."""
    given = [entry for part in text.lower().split(",") if (entry := part.strip())]
    return ",".join(pattern for entry in (*LOOPBACK, *given) for pattern in _read_entry(entry))


def _read_entry(entry: str) -> list[str]:
    found = ENTRY.fullmatch(entry)
    if found is None:
        raise AllowedHostsError(
            f"MLFLOW_ALLOWED_HOSTS has {entry!r}; it takes names or addresses with commas between "
            "them, such as mnist.lan, mnist.lan:8080, *.lan or [fd00::5], and * for all."
        )
    if found["port"] not in (None, "*"):
        return [entry]
    escaped = found["name"].replace("[", "[[]")  # a bracket is special in a pattern
    return [found["name"], f"{escaped}:*"]
