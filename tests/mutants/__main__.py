"""`make test-mutants`: makes one change of the code at a time, and expects a unit test to fail.

It fails if a change, a mutant, makes no unit test fail and is not in survivors.toml, and if one
that is there does make one fail, or no longer exists. mutmut changes the bodies of functions
without a decorator. One module: python tests/mutants api codecs/npy.py, in the tests' environment.
"""

import os
import shutil
import sys
import tomllib
from collections import Counter
from contextlib import chdir
from fnmatch import fnmatch
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = {"trainer": "mnist_trainer", "api": "mnist_api"}
MODULES = {
    "trainer": [
        *("evaluation/comparison.py", "evaluation/gate.py", "tracking/history*.py"),
        *("tracking/model_reader.py", "tracking/registry.py"),
    ],
    "api": [
        *("codecs/*.py", "registry/active_record.py", "registry/cache.py"),
        *("registry/mlflow_client.py", "registry/poller.py", "registry/stored_files.py"),
        *("registry/history/[!_]*.py", "registry/version_folders.py"),
    ],
}
TESTS = {  # files in tests/unit; others need data or networks that are not copied
    "trainer": ["conftest.py", "test_gate*.py", "test_history*.py", "test_regist*.py"],
    "api": [
        "conftest.py",
        *("test_arrays.py", "test_cache_*.py", "test_content_encoding.py", "test_data_*.py"),
        *(
            "test_forms.py",
            "test_history*.py",
            "test_inference_requests.py",
            "test_json_*.py",
            "test_poll_*.py",
        ),
        *("test_prediction_bodies.py", "test_registry_*.py"),
    ],
}
SETTINGS = """
[tool.mutmut]
source_paths = ["{package}"]
only_mutate = {modules}
pytest_add_cli_args_test_selection = ["tests/unit/{service}"]
timeout_constant = 2.0
timeout_multiplier = 5.0
"""
Mutant = tuple[str, str]  # the file and the function; the lines that are changed


def main(service: str, *modules: str) -> int:
    """Try the mutants of ``service``; return 1 unless those that survive are the known ones."""
    package = PACKAGES[service]
    patterns = [f"{package}/{module}" for module in modules or MODULES[service]]
    survivors = tomllib.loads(Path(__file__).with_name("survivors.toml").read_text())["survivor"]
    known = {(each["function"], each["change"].strip()) for each in survivors}
    known = {each for each in known if any(fnmatch(each[0].split(":")[0], p) for p in patterns)}
    with chdir(assemble(service, package, patterns)):
        found = find_survivors()
    for title, mutants in (
        ("No unit test fails after a change in", found - known),
        ("This mutant of survivors.toml is killed, or does not exist:", known - found),
    ):
        for function, change in sorted(mutants):
            print(f"\n{title} {function}\n{change}")
    return int(found != known)


def assemble(service: str, package: str, patterns: list[str]) -> Path:
    """Copy what mutmut needs to a folder in which the name of a module is its path; return it."""
    folder = ROOT / ".local" / "mutants" / service
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(ROOT / service / package, folder / package)
    shutil.copytree(ROOT / "tests" / "support", folder / "tests" / "support")
    tests = folder / "tests" / "unit" / service
    tests.mkdir(parents=True)
    for pattern in TESTS[service]:
        for file in (ROOT / "tests" / "unit" / service).glob(pattern):
            shutil.copy(file, tests)
    shutil.copy(ROOT / "tests" / "conftest.py", folder / "tests")
    settings = SETTINGS.format(package=package, modules=patterns, service=service)
    (folder / "pyproject.toml").write_text((ROOT / "pyproject.toml").read_text() + settings)
    return folder


def find_survivors() -> set[Mutant]:
    """Run mutmut in the working folder, and print how many mutants of each module it killed."""
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"  # unit tests need no plugins
    version = f"python3.{sys.version_info.minor}"
    # behind the packages of the tests, whose own pytest is to run
    sys.path.append(str(ROOT / ".local/environments/mutants/lib" / version / "site-packages"))
    from mutmut.__main__ import _run as run  # `mutmut run` would need mutmut in each environment
    from mutmut.mutation.data import SourceFileMutationData
    from mutmut.mutation.diff_apply import get_diff_for_mutant
    from mutmut.stats import status_by_exit_code
    from mutmut.utils.file_utils import walk_mutatable_files
    from mutmut.utils.format_utils import orig_function_and_class_names_from_key as names_of

    run((), None)
    survivors: set[Mutant] = set()
    for path in sorted(walk_mutatable_files()):
        mutants = SourceFileMutationData(path=path)
        mutants.load()
        statuses = {
            key: status_by_exit_code[code] for key, code in mutants.exit_code_by_key.items()
        }
        print(f"{path}: {dict(Counter(statuses.values()))}")
        for key, status in statuses.items():
            if status not in ("killed", "timeout"):
                function, owner = names_of(key)
                name = f"{owner}.{function}" if owner else function
                change = changed_lines(get_diff_for_mutant(key, path=path))
                survivors.add((f"{path}: {name}", change))
    return survivors


def changed_lines(diff: str) -> str:
    """Return the lines of a diff that begin with - or +, without its head and indentation."""
    lines = [line for line in diff.splitlines()[2:] if line.startswith(("-", "+"))]
    return "\n".join(f"{line[0]} {line[1:].strip()}" for line in lines)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
