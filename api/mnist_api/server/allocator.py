"""Makes glibc's allocator return the memory of large requests; with other libraries, nothing."""

import ctypes

ARENA_MAX, MMAP_THRESHOLD, TRIM_THRESHOLD = -8, -3, -1  # the M_... parameters of malloc.h

_libc = ctypes.CDLL(None)
_mallopt = getattr(_libc, "mallopt", None)
_malloc_trim = getattr(_libc, "malloc_trim", None)


def tune_allocator() -> None:
    """Bound what the arenas of many threads keep after large bodies and pictures."""
    if _mallopt is not None:
        _mallopt(ARENA_MAX, 2)  # by default eight a core, each of up to 64 MB
        _mallopt(MMAP_THRESHOLD, 1024**2)  # a larger block is returned as soon as it is freed
        _mallopt(TRIM_THRESHOLD, 8 * 1024**2)  # smaller ones are kept for the next request


def trim_memory() -> None:
    """Return freed memory to the kernel; takes about a millisecond."""
    if _malloc_trim is not None:
        _malloc_trim(0)
