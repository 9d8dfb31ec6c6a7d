"""Requests that flow while something happens to the stack."""

import threading
from types import TracebackType

import httpx
from composed import BODY


class Traffic(threading.Thread):
    """Asks for predictions until it is left; every answer that was no 200 is kept."""

    def __init__(self, api_url: str) -> None:
        super().__init__()
        self.api_url = api_url
        self.leaving = threading.Event()
        self.answered = 0
        self.failures: list[str] = []

    def run(self) -> None:
        with httpx.Client(base_url=self.api_url, timeout=10) as client:
            while not self.leaving.wait(0.005):
                try:
                    status = client.post("/predict", json=BODY).status_code
                except httpx.HTTPError as error:
                    self.failures.append(repr(error))
                else:
                    self.answered += 1
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
        self.leaving.set()
        self.join()
        if error is None:
            assert self.failures == []
            assert self.answered > 0
