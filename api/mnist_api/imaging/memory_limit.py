"""A bound on the memory of a piece of work, held by the kernel."""

import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

STATM = Path("/proc/self/statm")
DATA = 5  # its field for pages of data and stack


@contextmanager
def limit_memory(more: int) -> Iterator[None]:
    """Let this process take ``more`` bytes more, all its threads together; then allocations fail.

    It is for decoders of other people's files, which answer a failed allocation with an error; a
    worker that takes more than its container has is killed. Only Linux holds it.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_DATA)
    if STATM.exists():
        taken = int(STATM.read_text().split()[DATA]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_DATA, (_least(taken + more, soft, hard), hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_DATA, (soft, hard))


def _least(*limits: int) -> int:
    return min(limit for limit in limits if limit != resource.RLIM_INFINITY)
