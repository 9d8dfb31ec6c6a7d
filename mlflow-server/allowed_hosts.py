"""MLFLOW_ALLOWED_HOSTS, as a person writes it, in the patterns that MLflow compares with.

A name alone, or with `:*`, holds for every port; with a number for that port only. `*` stands for
any letters: `*.lan`, or alone for every name there is. This machine is always among them.
"""

import re

LOOPBACK = ("localhost", "127.0.0.1", "[::1]")
ENTRY = re.compile(r"(?P<name>\[[0-9a-f:.]+\]|[0-9a-z._*-]+)(:(?P<port>\*|[0-9]+))?")


class AllowedHostsError(Exception):
    """The setting cannot be read; the message says why and what is allowed."""


def read_allowed_hosts(text: str) -> str:
    """Return MLflow's own setting for what the user gave; raises AllowedHostsError."""
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
    escaped = found["name"].replace("[", "[[]")  # a pattern's own sign, where there is a `*`
    return [found["name"], f"{escaped}:*"]
