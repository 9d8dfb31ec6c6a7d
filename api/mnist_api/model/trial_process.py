"""The process of a trial: reads an ONNX file, prints as JSON why it is refused, or null."""

import os
import resource
import sys
from pathlib import Path

import msgspec

from mnist_api.model.child_process import end_with_parent

MEMORY = 192 * 1024**2  # bytes of addresses, beyond what an idle process has
PROCESSOR_SECONDS = 10
NICENESS = 5
STATM = Path("/proc/self/statm")  # its sizes, in pages


def main() -> None:
    """Try what stands at the standard input."""
    end_with_parent()
    os.nice(NICENESS)
    from mnist_api.model.onnx_model import (
        BATCHES,
        NetworkRefusedError,
        import_runtime,
        load_network,
    )
    from mnist_api.model.onnx_rules import check_rules

    import_runtime()
    _limit()
    reason = None
    try:
        content = sys.stdin.buffer.read()
        check_rules(content)
        load_network(content, (1, *BATCHES))
    except NetworkRefusedError as error:
        reason = str(error)
        if "alloc" in reason:  # std::bad_alloc, or ONNX Runtime's own words
            reason = _too_large()
    except MemoryError:
        reason = _too_large()
    sys.stdout.buffer.write(msgspec.json.encode(reason))


def _limit() -> None:
    """Bound what this process may take from now on; the kernel ends it where nothing else does."""
    limits = {
        resource.RLIMIT_CPU: PROCESSOR_SECONDS,
        resource.RLIMIT_FSIZE: 0,
        resource.RLIMIT_CORE: 0,
    }
    if STATM.exists():  # macOS has no such bound
        pages = int(STATM.read_text().split()[0])
        limits[resource.RLIMIT_AS] = pages * resource.getpagesize() + MEMORY
    for limit, value in limits.items():
        hard = resource.getrlimit(limit)[1]
        most = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(limit, (most, hard if limit == resource.RLIMIT_CPU else most))


def _too_large() -> str:
    return f"it needs more than {MEMORY // 1024**2} MB of memory"


if __name__ == "__main__":
    main()
