"""The documents of the repository, and what stands in them."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from support.processes import ROOT

DOCUMENTS = sorted(
    path
    for pattern in ("*.md", "docs/*.md", "*/README.md", "*/*/README.md")
    for path in ROOT.glob(pattern)
    if path.name != "CHANGELOG.md" and not path.relative_to(ROOT).parts[0].startswith(".")
)
SECURITY = ROOT / "docs" / "security.md"
COMPOSED_SECURITY = (  # how those of its commands begin that need a running stack in containers
    *("docker compose exec ", "docker compose run ", "curl --cacert "),
    "export MLFLOW_TRACKING_SERVER_CERT_PATH=",
)
LOCAL_SECURITY = ("(umask 077; ", "make local ", "curl http:")
CLUSTER_COMMANDS = {  # words by which tests/kubernetes finds those of docs/kubernetes.md
    "prediction": ("status deployment/api", "service/api 8000", "curl "),
    "training": ("trainer-1",),
    "rollback": ("rollback-1",),
    "backup": ("backup create",),
    "collection": ("collect.py",),
    "restart": ("restart deployment/api",),
    "search": ("searcher-1",),
    "restore": (
        *("scale deployment/mlflow", "app=mlflow", "patch deployment/mlflow"),
        *("status deployment/mlflow", "backup restore", "undo deployment/mlflow"),
    ),
    "stores": ("create namespace", "create secret"),
}
RUNBOOK_END = "API_REPLICAS=3 docker compose up --detach --wait"
_fences = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


class Fence(NamedTuple):
    """A block of code."""

    language: str
    text: str


def find_fences(document: Path, *languages: str) -> list[Fence]:
    """Return the document's blocks of code in these languages, in order."""
    found = (Fence(*match.groups()) for match in _fences.finditer(document.read_text()))
    return [fence for fence in found if fence.language in languages]


def find_commands(document: Path) -> Iterator[str]:
    """Yield the shell commands of a document, continued lines joined, comments removed."""
    for fence in find_fences(document, "sh"):
        for line in fence.text.replace("\\\n", " ").splitlines():
            if command := re.sub(r"(^|\s)#.*", "", line).strip():
                yield re.sub(r"\s+", " ", command)


def find_runbook() -> list[str]:
    """Return the commands of the runbook in docs/operations.md, in order."""
    commands = list(find_commands(ROOT / "docs" / "operations.md"))
    return commands[: commands.index(RUNBOOK_END) + 1]


def find_code(document: Path) -> Iterator[str]:
    """Yield the inline code of a document."""
    yield from re.findall(r"`([^`\n]+)`", _fences.sub("", document.read_text()))


def apply_diff(diff: str, root: Path) -> list[Path]:
    """Change the files below ``root`` as ``diff`` says; return them.

    Each hunk's old lines must occur exactly once in their file.
    """
    changed = []
    for part in re.split(r"^--- a/", diff, flags=re.MULTILINE)[1:]:
        path = root / part.splitlines()[0]
        text = path.read_text()
        for hunk in re.split(r"^@@\n", part, flags=re.MULTILINE)[1:]:
            lines = hunk.splitlines(keepends=True)
            old = "".join(line[1:] for line in lines if line[0] != "+")
            new = "".join(line[1:] for line in lines if line[0] != "-")
            assert text.count(old) == 1, f"{path} does not have once:\n{old}"
            text = text.replace(old, new)
        path.write_text(text)
        changed.append(path)
    return changed
