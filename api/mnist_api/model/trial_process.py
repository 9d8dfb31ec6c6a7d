"""Child process of a trial: reads an ONNX file, prints the reason of a refusal or null, as JSON."""

import re
import resource
import sys
from pathlib import Path

import msgspec

from mnist_api.model.child_process import read_arguments

MEMORY = 192 * 1024**2  # bytes of address space beyond those of an idle process
CPU_SECONDS = 10
STATM = Path("/proc/self/statm")  # its sizes, in pages


def main() -> None:
    """Try the model on standard input."""
    read_arguments()
    from mnist_api.model.onnx_model import (
        BATCHES,
        ModelRefusedError,
        import_runtime,
        load_model,
    )
    from mnist_api.model.onnx_rules import check_rules

    import_runtime()
    _limit()
    reason = None
    try:
        content = sys.stdin.buffer.read()
        check_rules(content)
        load_model(content, (1, *BATCHES))
    except ModelRefusedError as error:
        reason = str(error)
        cause = str(error.__cause__)  # ONNX Runtime's whole message
        if re.search("bad_alloc|Failed to allocate memory", cause):
            reason = _too_large()
    except MemoryError:
        reason = _too_large()
    sys.stdout.buffer.write(msgspec.json.encode(reason))


def _limit() -> None:
    """Limit the resources that this process may use from now on."""
    limits = {
        resource.RLIMIT_CPU: CPU_SECONDS,
        resource.RLIMIT_FSIZE: 0,
        resource.RLIMIT_CORE: 0,
    }
    if STATM.exists():  # macOS does not report the memory in use
        pages = int(STATM.read_text().split()[0])
        limits[resource.RLIMIT_AS] = pages * resource.getpagesize() + MEMORY
    for limit, value in limits.items():
        hard = resource.getrlimit(limit)[1]
        allowed = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(limit, (allowed, hard if limit == resource.RLIMIT_CPU else allowed))


def _too_large() -> str:
    return f"it needs more than {MEMORY // 1024**2} MB of memory"


if __name__ == "__main__":
    main()
