"""Whose X-Forwarded-For is believed: the addresses of the setting FORWARDED_ALLOW_IPS."""

import ipaddress
from collections.abc import Iterable
from typing import Any

from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

Address = tuple[str, int]
MAX_ADDRESS = 45  # characters; what follows a % in an IPv6 address would have no bound


class Proxies:
    """The trusted proxies: addresses and networks, or "*" for all."""

    def __init__(self, addresses: tuple[str, ...]) -> None:
        application: Any = None  # only the rules of the middleware are used
        self._trusted = ProxyHeadersMiddleware(application, list(addresses)).trusted_hosts

    def trusts(self, peer: Address | None) -> bool:
        """Return whether a connection comes from a trusted proxy; ``peer`` is None for a socket."""
        return (peer[0] if peer else None) in self._trusted

    def find_client(self, head: Iterable[tuple[bytes, bytes]]) -> Address | None:
        """Return the last client in X-Forwarded-For that is not trusted, None if there is none."""
        values = [value for name, value in head if name == b"x-forwarded-for"]
        text = b", ".join(values).decode("latin-1")
        host, port = self._trusted.get_trusted_client_address(text)
        try:
            ipaddress.ip_address(host)
        except ValueError:
            return None
        return (host, port) if len(host) <= MAX_ADDRESS else None


NO_PROXIES = Proxies(())
