"""Builds `main.pdf` with Debian's TeX Live: of this machine, or of a container.

LANG chooses the language: fr, fr_FR.UTF-8 and the like make it French, all else English.
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
PACKAGES = (
    "latexmk", "lmodern", "texlive-fonts-recommended", "texlive-lang-french",
    "texlive-latex-extra", "texlive-latex-recommended",
)  # fmt: skip
NEEDED = ("lmodern.sty", "french.ldf", "booktabs.sty", "microtype.sty", "subcaption.sty")
IMAGE = "mnist-report"
LATEXMK = [
    "latexmk", "-pdf", "-silent", "-interaction=nonstopmode", "-halt-on-error",
    "main.tex",
]  # fmt: skip


def main(lang: str) -> int:
    """Build the report and return 0; print an error and return 2 where it cannot be built."""
    if not (HERE / "generated" / "values.tex").exists():
        print("There are no numbers yet; `make report` fetches them first.", file=sys.stderr)
        return 2
    language = choose_language(lang)
    (HERE / "generated" / "language.tex").write_text(
        rf"\PassOptionsToPackage{{{language}}}{{babel}}\newcommand{{\Text}}{{text-{language[:2]}}}"
        "\n"
    )
    if _has_tex():
        command = LATEXMK
    elif _has_engine():
        command = _prepare_container()
    else:
        print(
            "The report is typeset by TeX Live, which is not complete here, and no container "
            "engine answers. On Debian: apt-get install --no-install-recommends "
            f"{' '.join(PACKAGES)}",
            file=sys.stderr,
        )
        return 2
    return _typeset(command, language)


def choose_language(lang: str) -> str:
    """Return babel's name of a locale's language."""
    return "french" if re.split("[-_.]", lang.lower())[0] == "fr" else "english"


def _has_tex() -> bool:
    if not all(map(shutil.which, ("latexmk", "pdflatex", "kpsewhich"))):
        return False
    found = subprocess.run(["kpsewhich", *NEEDED], capture_output=True, text=True, check=False)
    return len(found.stdout.split()) == len(NEEDED)


def _has_engine() -> bool:
    if not shutil.which("docker"):
        return False
    completed = subprocess.run(["docker", "info"], capture_output=True, check=False)
    return completed.returncode == 0


def _prepare_container() -> list[str]:
    """Make the image, once, and return a command that typesets this folder in it."""
    subprocess.run(["docker", "build", "--tag", IMAGE, HERE], check=True)
    return [
        "docker", "run", "--rm", "--network=none", f"--user={os.getuid()}:{os.getgid()}",
        f"--volume={HERE}:/report", "--env=HOME=/tmp", IMAGE, *LATEXMK,
    ]  # fmt: skip


def _typeset(command: list[str], language: str) -> int:
    folder = Path("build") / language  # the other language's auxiliary files lead to errors
    command = [*command, f"-output-directory={folder}"]
    environment = os.environ | {"LC_ALL": "C", "LANG": "C"}  # LANG may be no locale, such as fr
    made = subprocess.run(
        command, cwd=HERE, env=environment, capture_output=True, text=True, check=False
    )
    log = HERE / folder / "main.log"
    if made.returncode != 0:
        lines = log.read_text("latin-1").splitlines() if log.exists() else []
        reasons = [line for line in lines if line.startswith(("! ", "l."))]
        message = "\n".join(reasons) or f"{made.stdout}{made.stderr}".strip()
        print(f"{message}\nTeX stopped; see {log}.", file=sys.stderr)
        return 2
    shutil.copyfile(HERE / folder / "main.pdf", HERE / "main.pdf")
    print(f"Report   {HERE / 'main.pdf'} ({language})")
    return 0


if __name__ == "__main__":
    sys.exit(main(os.environ.get("LANG", "")))
