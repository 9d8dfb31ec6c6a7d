"""A memory limit for a block of code, enforced by the kernel."""

import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

STATM = Path("/proc/self/statm")
DATA = 5  # index of its field for pages of data and stack


@contextmanager
def limit_memory(more: int) -> Iterator[None]:
    """Limit what this process, with all its threads, allocates to ``more`` bytes more than now.

    Further allocations fail, which decoders of pictures report as an error; without the limit, the
    kernel kills a worker that exceeds its container's memory. Only Linux enforces it.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_DATA)
    if STATM.exists():
        used = int(STATM.read_text().split()[DATA]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_DATA, (_smallest(used + more, soft, hard), hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_DATA, (soft, hard))


def _smallest(*limits: int) -> int:
    return min(limit for limit in limits if limit != resource.RLIM_INFINITY)
