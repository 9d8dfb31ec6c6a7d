"""Keeps requests to this machine and to neighbours away from the proxy of the environment."""

import ipaddress
from collections.abc import Mapping
from urllib.parse import urlsplit

LOOPBACK = ("localhost", "127.0.0.1", "::1", "[::1]")


def except_neighbours(environ: Mapping[str, str], *urls: str) -> dict[str, str]:
    """Return no_proxy and NO_PROXY, extended with this machine and the hosts of ``urls`` nearby.

    Near are loopback addresses and names without a dot, such as mlflow-server: no proxy can
    resolve those.
    """
    excepted = environ.get("no_proxy") or environ.get("NO_PROXY", "")
    if excepted.strip() != "*":  # an asterisk counts only when it is alone
        near = [host for url in urls if _is_near(host := urlsplit(url).hostname or "")]
        excepted = ",".join(filter(None, (excepted, *LOOPBACK, *near)))
    return {"no_proxy": excepted, "NO_PROXY": excepted}


def _is_near(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return "." not in host
