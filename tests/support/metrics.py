"""The samples of GET /metrics."""

import httpx
from prometheus_client.parser import text_string_to_metric_families

from support.servers.api import Api


def samples(api: Api) -> dict[str, float]:
    """Return each sample by its name and labels."""
    answer = httpx.get(f"{api.url}/metrics", timeout=30)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("text/plain")
    return read(answer.text)


def read(text: str) -> dict[str, float]:
    return {
        sample.name + "".join(f" {name}={sample.labels[name]}" for name in sorted(sample.labels)): (
            sample.value
        )
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }
