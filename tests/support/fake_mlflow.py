"""A fake of MLflow's registry over HTTP, in a thread: registered models in memory."""

import contextlib
import json
from collections.abc import Iterator
from http.server import ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from support.servers.local_http import QuietHandler, run_server

MODELS = "/api/2.0/mlflow/registered-models/"
VERSIONS = "/api/2.0/mlflow/model-versions/"
FILES = "/api/2.0/mlflow-artifacts/artifacts"
Json = dict[str, Any]


class RefusedError(Exception):
    """A request that MLflow refuses; its arguments are the status and the error's code.

    Without a code the response is a text, as that of MLflow's basic-auth.
    """


class FakeMlflow:
    """The state of the registry; `handle` answers a request as MLflow does."""

    def __init__(self) -> None:
        self.models: dict[str, Json] = {}
        self.versions: list[Json] = []
        self.files: dict[str, bytes] = {}
        self.requests: list[tuple[str, Json]] = []
        self.page_size = 100
        self.refusals: dict[str, tuple[int, str]] = {}  # of endpoints

    def register(self, name: str, **more: Any) -> Json:
        """Add a version of a model, and the model if it is new."""
        self.models.setdefault(name, {"name": name, "aliases": []})
        number = 1 + sum(each["name"] == name for each in self.versions)
        version = {"name": name, "version": str(number), "tags": [], "creation_timestamp": 1500}
        self.versions.append(version | {"current_stage": "None", "status": "READY"} | more)
        return self.versions[-1]

    def tags(self, number: int) -> dict[str, str]:
        """Return the tags of a version of the only model."""
        return {tag["key"]: tag["value"] for tag in self._find({"version": str(number)})["tags"]}

    def handle(self, method: str, path: str, given: Json) -> Json:  # noqa: PLR0911, PLR0912 # a table of endpoints
        """Return what MLflow responds. Raises RefusedError."""
        endpoint = path.removeprefix("/api/2.0/mlflow/")
        self.requests.append((f"{method} {endpoint}", given))
        if endpoint in self.refusals:
            raise RefusedError(*self.refusals[endpoint])
        match f"{method} {endpoint}":
            case "POST registered-models/create":
                if given["name"] in self.models:
                    raise RefusedError(400, "RESOURCE_ALREADY_EXISTS")
                self.models[given["name"]] = {"name": given["name"], "aliases": []}
                return {"registered_model": self.models[given["name"]]}
            case "GET registered-models/get":
                return {"registered_model": self._model(given)}
            case "PATCH registered-models/update":
                self._model(given)["description"] = given["description"]
                return {"registered_model": self._model(given)}
            case "POST registered-models/set-tag":
                tags = self._model(given).setdefault("tags", [])
                tags[:] = [tag for tag in tags if tag["key"] != given["key"]]
                tags.append({"key": given["key"], "value": given["value"]})
                return {}
            case "POST registered-models/alias":
                aliases = self._model(given)["aliases"]
                aliases[:] = [each for each in aliases if each["alias"] != given["alias"]]
                aliases.append({"alias": given["alias"], "version": given["version"]})
                return {}
            case "POST runs/log-batch":
                return {}
            case "POST model-versions/create":
                return {"model_version": self.register(**given)}
            case "GET model-versions/get":
                return {"model_version": self._find(given)}
            case "PATCH model-versions/update":
                self._find(given)["description"] = given["description"]
                return {"model_version": self._find(given)}
            case "GET model-versions/search":
                return self._search(given)
            case "GET model-versions/get-download-uri":
                return {"artifact_uri": self._find(given)["source"]}
            case "POST model-versions/set-tag":
                self._delete_tag(given)
                tag = {"key": given["key"], "value": given["value"]}
                self._find(given)["tags"].append(tag)
                return {}
            case "DELETE model-versions/delete-tag":
                self._delete_tag(given)
                return {}
        raise AssertionError(f"{method} {endpoint} is not faked")

    def _model(self, given: Json) -> Json:
        if given["name"] not in self.models:
            raise RefusedError(404, "RESOURCE_DOES_NOT_EXIST")
        return self.models[given["name"]]

    def _find(self, given: Json) -> Json:
        for version in self.versions:
            if version["version"] == given["version"]:
                return version
        raise RefusedError(404, "RESOURCE_DOES_NOT_EXIST")

    def _delete_tag(self, given: Json) -> None:
        tags = self._find(given)["tags"]
        tags[:] = [tag for tag in tags if tag["key"] != given["key"]]

    def _search(self, given: Json) -> Json:
        """Return a page of all versions: the filter is looked at by the tests."""
        start = int(given.get("page_token", 0))
        end = start + self.page_size
        more = {"next_page_token": str(end)} if end < len(self.versions) else {}
        return {"model_versions": self.versions[start:end]} | more


@contextlib.contextmanager
def serving(fake: FakeMlflow) -> Iterator[str]:
    """Serve ``fake`` at the URL that is returned."""

    class Handler(QuietHandler):
        def _respond(self) -> None:
            url = urlsplit(self.path)
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            given = json.loads(body) if body else dict(parse_qsl(url.query))
            status, content = 200, b"{}"
            if url.path.startswith(f"{FILES}/"):
                content = fake.files[url.path.removeprefix(f"{FILES}/")]
            elif url.path != FILES:
                try:
                    content = json.dumps(fake.handle(self.command, url.path, given)).encode()
                except RefusedError as error:
                    status, code = error.args
                    refusal = json.dumps({"error_code": code, "message": "refused"})
                    content = (refusal if code else "You are not authenticated.").encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_PATCH = do_DELETE = _respond

    with run_server(ThreadingHTTPServer(("127.0.0.1", 0), Handler)) as address:
        yield address
