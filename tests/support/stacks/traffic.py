"""A client that sends requests while a test changes the stack."""

import threading
from types import TracebackType
from typing import Any

import httpx

from support.stacks.compose import BODY


class Traffic(threading.Thread):
    """Requests predictions within its `with` block, which fails if a response is not a 200."""

    def __init__(self, api_url: str, body: dict[str, Any] | None = None, **client: Any) -> None:
        """Send to ``api_url``; ``body`` is that of httpx's request, the rest its client's."""
        super().__init__()
        self.body = body or {"json": BODY}
        self.client = {"base_url": api_url, "timeout": 10, **client}
        self.stopping = threading.Event()
        self.responses = 0
        self.failures: list[str] = []

    def run(self) -> None:
        with httpx.Client(**self.client) as client:
            while not self.stopping.wait(0.005):
                try:
                    status = client.post("/predict", **self.body).status_code
                except httpx.HTTPError as error:
                    self.failures.append(repr(error))
                else:
                    self.responses += 1
                    if status != 200:
                        self.failures.append(str(status))

    def __enter__(self) -> "Traffic":
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stopping.set()
        self.join()
        if error is None:
            assert not self.failures, self.failures
            assert self.responses > 0
