"""Which network serves now."""

from dataclasses import dataclass
from datetime import datetime

from mnist_api.network import Network
from mnist_api.problems import no_model
from mnist_api.version import Version


@dataclass(frozen=True)
class Served:
    """A network in service, and what is known about it."""

    network: Network
    version: Version
    source: str  # "registry" or "file"
    since: datetime  # UTC


class Serving:
    """Holds the network in service; replaced in one assignment, so a request sees one of them."""

    def __init__(self, name: str = "mnist-classifier", most_bytes: int = 16 * 1024**2) -> None:
        self.name = name  # of the model, in addresses that have one
        self.most_bytes = most_bytes  # of a body, once it is unpacked
        self.current: Served | None = None

    def require(self) -> Served:
        """Return what serves now. Raises ProblemError (503) while nothing does."""
        if self.current is None:
            raise no_model()
        return self.current
