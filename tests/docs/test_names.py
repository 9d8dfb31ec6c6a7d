"""What README, docs and CONTRIBUTING name exists: files, targets, options, settings, routes."""

import re
import subprocess
from pathlib import Path

import pytest

from mnist_api.handlers.router import TEMPLATES
from mnist_api.handlers.routes import ROUTES
from support.documents import (
    COMPOSED_SECURITY,
    DOCUMENTS,
    LOCAL_SECURITY,
    SECURITY,
    find_code,
    find_commands,
    find_fences,
    find_runbook,
)
from support.processes import ROOT, python_of

TRAINER = python_of("trainer-test")
COMMANDS = (
    *("train", "search", "versions", "history", "promote", "rollback", "robustness"),
    "resume-upload",
)
IS_PATH = re.compile(r"[\w.-]+/[\w./-]*|[\w-]+\.(?:py|md|yaml|example|sh|toml|json)")
PACKAGES = (*ROOT.glob("*/mnist_*"), ROOT / "mlflow-server" / "backup")
FOREIGN_PATHS = ("extra_files/", "report.html", ".env", "application/")  # MLflow's, a user's; types
MADE_PATHS = (".local/", "models/", "unsent/", "searches/", "backups/", "_")  # by programs
FOREIGN_SETTINGS = {
    "KILLED",
    "ENDPOINT_NOT_FOUND",
    "README",
    "VERSION",
    "ARGS",
    "LANG",
    "DOCKER_HOST",
}
MAKE = "".join((ROOT / name).read_text() for name in ("Makefile", "tests/suites.mk"))


def identify(document: Path) -> str:
    return str(document.relative_to(ROOT))


each_document = pytest.mark.parametrize("document", DOCUMENTS, ids=identify)


def test_all_documents_are_checked() -> None:
    listed = subprocess.run(
        ["git", "ls-files", "*.md"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    tracked = {ROOT / name for name in listed.stdout.split()} - {ROOT / "CHANGELOG.md"}
    assert tracked <= set(DOCUMENTS)


@each_document
def test_links_lead_to_files(document: Path) -> None:
    targets = re.findall(r"\]\(([^)#\s]+)\)", document.read_text())
    missing = [
        target
        for target in targets
        if not target.startswith("http") and not (document.parent / target).exists()
    ]
    assert not missing


@each_document
def test_paths_exist(document: Path) -> None:
    missing = []
    for code in find_code(document):
        if not IS_PATH.fullmatch(code) or code.startswith(FOREIGN_PATHS + MADE_PATHS):
            continue
        places = (ROOT, document.parent, *PACKAGES)
        if not any((place / code).exists() for place in places):
            missing.append(code)
    assert not missing


@each_document
def test_targets_of_make_exist(document: Path) -> None:
    targets = set(re.findall(r"^([a-z-]+):", MAKE, re.MULTILINE))
    text = "\n".join([*find_commands(document), *find_code(document)])
    named = set(re.findall(r"\bmake ([a-z][a-z-]*)", text))
    assert named <= targets


@pytest.fixture(scope="module")
def options() -> dict[str, str]:
    """Return the help of each of the trainer's commands."""
    return {
        command: subprocess.run(
            [TRAINER, "-m", "mnist_trainer", command, "--help"],
            env={"PYTHONPATH": str(ROOT / "trainer")},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for command in COMMANDS
    }


@each_document
def test_options_of_the_trainer_exist(document: Path, options: dict[str, str]) -> None:
    for command in find_commands(document):
        called = re.search(r'make ([\w-]+).*ARGS="([^"]*)"|trainer ([\w-]+)(.*)', command)
        name, given = (called[1] or called[3], called[2] or called[4]) if called else ("", "")
        if name in COMMANDS:
            missing = [one for one in re.findall(r"--[a-z-]+", given) if one not in options[name]]
            assert not missing, command


@each_document
def test_settings_exist(document: Path) -> None:
    text = "\n".join([*find_commands(document), *find_code(document)])
    named = set(re.findall(r"\b([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)\b", text)) - FOREIGN_SETTINGS
    unknown = [
        name
        for name in sorted(named)
        if subprocess.run(
            ["git", "grep", "-qw", name, "--", ":!*.md", ":!tests"], cwd=ROOT, check=False
        ).returncode
    ]
    assert not unknown


@each_document
def test_routes_exist(document: Path) -> None:
    served = {(route.method, route.template) for route in ROUTES}
    text = "\n".join(find_code(document))
    for method, path in re.findall(r"\b(GET|POST) (/[\w./-]*)", text):
        assert (method, path) in served, f"{method} {path}"
    for path in re.findall(r"^http://127\.0\.0\.1:8000(/[\w/.-]*)", text, re.MULTILINE):
        assert path in TEMPLATES


@each_document
def test_services_of_compose_exist(document: Path) -> None:
    files = (ROOT / "compose.yaml", *(ROOT / "compose").glob("*.yaml"))
    text = "".join(file.read_text() for file in files)
    services = re.findall(r"^  ([a-z-]+):", text, re.MULTILINE)
    for command in find_commands(document):
        named = re.search(
            r"docker compose run (?:(?:--rm|--build|--no-deps|-T|"
            r'--?[\w-]+ (?:"[^"]*"|\S+)) )*([a-z-]+)\b',
            command,
        )
        if named:
            assert named[1] in services, command


@each_document
def test_figures_have_a_date_a_machine_and_a_command(document: Path) -> None:
    """In each section with a table of measurements."""
    for section in re.split(r"^## ", document.read_text(), flags=re.MULTILINE):
        if re.search(r"^\|.*\d (ms|MB|s|min|%) *\|", section, re.MULTILINE):
            title = section.splitlines()[0]
            assert re.search(r"\b20\d\d-\d\d-\d\d\b", section), f"{title}: no date"
            assert re.search(r"\d cores", section), f"{title}: no machine"
            assert re.search(r"`make [a-z-]+", section), f"{title}: no command"


def test_the_readme_is_short() -> None:
    for name in ("README.md", "README.fr.md"):
        assert len((ROOT / name).read_text().splitlines()) <= 120


def test_both_readmes_have_the_same_commands_and_links() -> None:
    english, french = ROOT / "README.md", ROOT / "README.fr.md"
    assert list(find_commands(english)) == list(find_commands(french))
    assert find_fences(english, "json") == find_fences(french, "json")
    links = [
        set(re.findall(r"\]\(([^)]+)\)", path.read_text())) - {"README.md", "README.fr.md"}
        for path in (english, french)
    ]
    assert links[0] == links[1]


def test_every_command_of_the_operations_is_run_by_a_test() -> None:
    """The runbook by tests/compose/access/test_runbook.py, the rest by tests/compose/monitoring."""
    monitoring = ("COMPOSE_FILE=", "docker compose exec alertmanager amtool ")
    others = set(find_commands(ROOT / "docs" / "operations.md")) - set(find_runbook())
    assert others
    assert all(command.startswith(monitoring) for command in others), others


def test_every_command_of_the_security_is_run_by_a_test() -> None:
    """By tests/compose/access/test_security_commands.py and tests/local/test_local_token.py.

    tests/compose/access starts its stack with the first, and runs `make rotate` with the runbook;
    test_digests.py has the last.
    """
    known = (*COMPOSED_SECURITY, *LOCAL_SECURITY, "COMPOSE_FILE=", "make digests")
    commands = set(find_commands(SECURITY)) - set(find_runbook())
    assert {command for command in commands if not command.startswith(known)} == set()
    assert not [begin for begin in known if not any(each.startswith(begin) for each in commands)]
