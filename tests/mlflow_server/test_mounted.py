"""Every route that MLflow mounts is listed as open or closed, and closed ones respond 404."""

import re
from pathlib import Path

from support.servers.tracking import TrackingServer

TABLE = Path(__file__).with_name("mounted.txt").read_text().splitlines()[1:]
ROWS = {line.split()[-1]: line.split()[:-1] for line in TABLE}
OPEN = {path for path, marks in ROWS.items() if "open" in marks}
ONLY_BASIC_AUTH = {path for path, marks in ROWS.items() if "auth" in marks}
REFUSAL = "This server offers MLflow's tracking, model registry, artifacts and traces only."
Routes = list[tuple[str, str]]


def beginning(path: str) -> str:
    """Return the first four parts of a path, up to its first parameter."""
    fixed = re.split("[<{]", path)[0].strip("/")
    return "/" + "/".join(fixed.split("/")[:4])


def filled(path: str) -> str:
    """Return the path with a value for each parameter."""
    return re.sub(r"<[^>]*>|{[^}]*}", "1", path)


def test_the_table_lists_exactly_the_prefixes_that_mlflow_mounts(mounted: dict[str, Routes]):
    """Fails if an upgrade adds a prefix: review it, and add it to the table."""
    found = {app: {beginning(path) for _, path in routes} for app, routes in mounted.items()}
    assert found["basic-auth"] == set(ROWS)
    assert found["basic-auth"] - found["default"] == ONLY_BASIC_AUTH


def test_every_closed_route_is_404_and_no_open_one_is_refused(
    server: TrackingServer, mounted: dict[str, Routes]
):
    wrong = []
    for method, path in mounted["basic-auth"]:
        is_open = beginning(path) in OPEN
        answer = server.send("GET" if is_open else method, filled(path), "{}")
        refused = answer.status == 404 and REFUSAL in answer.body
        if refused == is_open and method != "HEAD":
            wrong.append((method, path, answer.status))
    assert wrong == []


def test_every_closed_route_is_404_with_basic_auth_even_for_its_admin(
    basic_auth_server: TrackingServer, mounted: dict[str, Routes], admin: dict[str, str]
):
    closed = [route for route in mounted["basic-auth"] if beginning(route[1]) not in OPEN]
    assert len(closed) > 100
    for headers in ({}, admin):
        statuses = {basic_auth_server.send(m, filled(p), "{}", **headers).status for m, p in closed}
        assert statuses == {404}
