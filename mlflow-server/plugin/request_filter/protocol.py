"""uvicorn's HTTP protocol with the metrics and the filters of this folder in front of the app.

MLflow 3.17 has no setting that disables its assistant, gateway or jobs. `mlflow server` has the
option `--uvicorn-opts`, and uvicorn's `--http` takes an import string; so the filters apply to any
app of MLflow, that of `--app-name basic-auth` included. An app of our own (entry point
`mlflow.app`) would replace that of basic-auth, and a patch of MLflow's routers would have no effect
after they are renamed. If uvicorn renames the attribute `app`, all requests fail.
"""

from typing import Any

from uvicorn.protocols.http.auto import AutoHTTPProtocol

from request_filter.open_paths import App, OpenPaths
from request_filter.same_origin import SameOrigin
from server_metrics import ServerMetrics


class FilteredProtocol(AutoHTTPProtocol):  # type: ignore[misc,valid-type] # chosen when imported
    """One connection."""

    app: App

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.app = ServerMetrics(OpenPaths(SameOrigin(self.app)))
        self.ws_protocol_class = None  # a WebSocket would bypass the filters
