"""Everything that MLflow mounts has been looked at, and what is closed is closed."""

import re
from pathlib import Path

from servers import Server

TABLE = Path(__file__).with_name("mounted.txt").read_text().splitlines()[1:]
ROWS = {line.split()[-1]: line.split()[:-1] for line in TABLE}
OPEN = {path for path, marks in ROWS.items() if "open" in marks}
ONLY_GUARDED = {path for path, marks in ROWS.items() if "auth" in marks}
REFUSAL = "This server offers MLflow's tracking, model registry, artifacts and traces only."
Routes = list[tuple[str, str]]


def beginning(path: str) -> str:
    """The first four parts of a path, as far as they are fixed."""
    fixed = re.split("[<{]", path)[0].strip("/")
    return "/" + "/".join(fixed.split("/")[:4])


def filled(path: str) -> str:
    """A path with a value for each of its parameters."""
    return re.sub(r"<[^>]*>|{[^}]*}", "1", path)


def test_the_table_names_what_mlflow_mounts_and_nothing_else(mounted: dict[str, Routes]):
    """An upgrade that adds a prefix fails here: look at it, and write down what it is to be."""
    found = {app: {beginning(path) for _, path in routes} for app, routes in mounted.items()}
    assert found["basic-auth"] == set(ROWS)
    assert found["basic-auth"] - found["default"] == ONLY_GUARDED


def test_every_closed_route_is_404_and_no_open_one_is_refused(
    server: Server, mounted: dict[str, Routes]
):
    wrong = []
    for method, path in mounted["basic-auth"]:
        is_open = beginning(path) in OPEN
        answer = server.ask("GET" if is_open else method, filled(path), "{}")
        refused = answer.status == 404 and REFUSAL in answer.body
        if refused == is_open and method != "HEAD":
            wrong.append((method, path, answer.status))
    assert wrong == []


def test_every_closed_route_is_404_with_basic_auth_even_for_its_admin(
    guarded_server: Server, mounted: dict[str, Routes], admin: dict[str, str]
):
    closed = [route for route in mounted["basic-auth"] if beginning(route[1]) not in OPEN]
    assert len(closed) > 100
    for headers in ({}, admin):
        statuses = {guarded_server.ask(m, filled(p), "{}", **headers).status for m, p in closed}
        assert statuses == {404}
