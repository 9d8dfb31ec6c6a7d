"""Describes the machine for the heading of the results."""

import os
import platform
from pathlib import Path


def describe_machine() -> str:
    """Return processor, cores, memory, kernel, Python and the load average before the run."""
    models = _read_values("/proc/cpuinfo", "model name")
    memory = int((_read_values("/proc/meminfo", "MemTotal") or ["0 kB"])[0].split()[0]) / 1024**2
    return (
        f"{models[0] if models else platform.machine()}, {len(os.sched_getaffinity(0))} cores, "
        f"{memory:.0f} GB, Linux {platform.release().split('-')[0]}, "
        f"Python {platform.python_version()}, load average before {os.getloadavg()[0]:.1f}"
    )


def _read_values(path: str, key: str) -> list[str]:
    lines = Path(path).read_text().splitlines()
    return [line.partition(":")[2].strip() for line in lines if line.startswith(key)]
