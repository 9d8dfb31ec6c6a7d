"""The Host headers that are accepted: the protection against DNS rebinding."""

import ipaddress
import re
from collections.abc import Iterable
from fnmatch import fnmatchcase
from functools import lru_cache

from mnist_api.problems import ProblemError

OWN_NAMES = ("localhost", "api")  # "api" is its name inside the composed stack
MAX_CACHED = 256  # Host headers

_split = re.compile(r"(\[[0-9a-f:.]+\]|[^:]*)(:[0-9]*)?").fullmatch


class AllowedHosts:
    """The names that a Host header may hold, besides IP addresses and OWN_NAMES.

    ``patterns`` are names with shell wildcards, as MLflow's are: "mnist.lan", "*.lan:8000", "*".
    One without a port stands for every port.
    """

    def __init__(self, patterns: Iterable[str] = ()) -> None:
        self._patterns = [*OWN_NAMES, *(pattern.lower() for pattern in patterns)]
        self.allows = lru_cache(MAX_CACHED)(self._match)

    def check(self, host: str) -> None:
        """Raise ProblemError (403) unless ``host``, a Host header or "" for none, is allowed."""
        if not self.allows(host):
            raise ProblemError(
                403,
                f'This API is not called "{host[:80]}": use localhost or its IP address, or add '
                "the name to the setting API_ALLOWED_HOSTS.",
            )

    def _match(self, host: str) -> bool:
        host = host.lower()
        parts = _split(host)
        if host == "" or "*" in self._patterns:  # every browser sends the header
            return True
        if parts is None:
            return False
        name = parts[1].removesuffix(".")
        return _is_address(name) or any(
            fnmatchcase(name, pattern) or fnmatchcase(host, pattern) for pattern in self._patterns
        )


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name.removeprefix("[").removesuffix("]"))
    except ValueError:
        return False
    return True


LOCAL_HOSTS = AllowedHosts()
