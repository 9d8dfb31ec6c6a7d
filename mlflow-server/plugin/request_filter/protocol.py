"""uvicorn's HTTP protocol with the filters of this folder before the app.

MLflow 3.17 has no setting that takes its assistant, gateway or jobs away. `mlflow server` passes
`--uvicorn-opts` on, and uvicorn's `--http` takes an import string; so these filters stand before
whatever app MLflow has chosen, that of `--app-name basic-auth` included. An app of our own (entry
point `mlflow.app`) would take the place of basic-auth's, and a patch of MLflow's routers would be
passed by when they are renamed. Should uvicorn rename `app`, no request is answered at all.
"""

# mypy: disable-error-code="import-not-found,misc"
# uvicorn is not installed where all folders are checked.

from typing import Any

from uvicorn.protocols.http.auto import AutoHTTPProtocol

from request_filter.open_paths import App, OpenPaths
from request_filter.same_origin import SameOrigin


class FilteredProtocol(AutoHTTPProtocol):
    """One connection."""

    app: App

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.app = OpenPaths(SameOrigin(self.app))
        self.ws_protocol_class = None  # a WebSocket would go to the app past the filters
