"""Clients that send requests while a test waits for what they cause, whatever the responses are."""

import contextlib
import threading
from collections.abc import Callable, Iterator

import httpx

from support.stacks.compose import BODY


@contextlib.contextmanager
def sending(
    url: str,
    send: Callable[[httpx.Client], object] = lambda client: client.post("/predict", json=BODY),
    clients: int = 1,
    pause: float = 0.05,
) -> Iterator[None]:
    """Have each of ``clients`` call ``send`` again and again, until the `with` block ends."""
    stopping = threading.Event()

    def run() -> None:
        with httpx.Client(base_url=url, timeout=60) as client:
            while not stopping.wait(pause):
                with contextlib.suppress(httpx.HTTPError):  # the API may be stopped
                    send(client)

    threads = [threading.Thread(target=run) for _ in range(clients)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stopping.set()
        for thread in threads:
            thread.join()
