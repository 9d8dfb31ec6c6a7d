"""The API's speed in numbers, and the machine's processor."""

import os
import platform
from pathlib import Path

from mnist_trainer.data.dataset import load_dataset
from report.speed import CONNECTIONS, SECONDS, NotMeasuredError, measure_speed
from report.tex import escape, number, rounded, setting


def describe_service(url: str, data: Path) -> dict[str, str]:
    """Return name → TeX; ``SpeedMedian`` and its like only where an API answers at ``url``.

    Raises DataError where ``data`` has no image for the requests.
    """
    image = [float(pixel) for pixel in load_dataset(data).test.first(1).pixels()[0]]
    try:
        speed = measure_speed(url, image)
    except NotMeasuredError as reason:
        print(f"Speed    not measured: {reason}")
        return {}
    return {
        "SpeedMedian": rounded(speed.median),
        "SpeedSlowest": rounded(speed.slowest),
        "SpeedAlone": number(speed.alone),
        "SpeedTogether": number(speed.together),
        "SpeedConnections": str(CONNECTIONS),
        "SpeedSeconds": setting(str(SECONDS)),
        "Processor": escape(_name_processor()),
        "Cores": str(os.cpu_count()),
    }


def _name_processor() -> str:
    listed = Path("/proc/cpuinfo")
    if listed.exists():
        for line in listed.read_text().splitlines():
            name, _, value = line.partition(":")
            if name.strip() == "model name":
                return value.strip()
    return platform.processor() or platform.machine()
