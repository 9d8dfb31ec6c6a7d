"""A cache folder written by an earlier version (commit 2b07aaf, before trials were recorded)."""

import shutil
from collections.abc import Callable
from pathlib import Path

from support.processes import free_port
from support.servers.api import Api

CACHE = Path(__file__).parent / "earlier_version"


def test_its_cached_model_is_active_without_a_registry(
    start_api: Callable[..., Api], tmp_path: Path
) -> None:
    cache = tmp_path / "cache"
    shutil.copytree(CACHE, cache)
    unreachable = f"http://127.0.0.1:{free_port()}"
    api = start_api(MODEL_CACHE=str(cache), MLFLOW_TRACKING_URI=unreachable).wait_all_ready()
    model = api.model()
    assert (model["version"], model["test_accuracy"]) == ("3", 0.9931)
    assert model["since"] == "2026-11-26T06:38:14+00:00"
    assert api.predict() == 7
    assert (cache / "mnist-classifier" / "trials.json").is_file()
