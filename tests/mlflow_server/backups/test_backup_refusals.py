"""Archives that are damaged, handmade or newer are refused before anything is written."""

from pathlib import Path

from support.archives import cut, flip, flip_contents, handmade
from support.servers.backups import Stores, refusals, stores

NEWER = ("a newer format", "a newer schema")


def test_every_archive_that_is_not_as_it_was_written_is_refused_with_a_sentence(
    archive: Path, tmp_path: Path
):
    whole = archive.read_bytes()
    damaged = cut(whole) | flip(whole) | flip_contents(whole) | handmade(whole)
    for name, content in damaged.items():
        (tmp_path / name.replace("/", "|")).write_bytes(content)
    (tmp_path / "whole").write_bytes(whole)
    found = refusals(tmp_path)
    assert len(found) == len(damaged) + 1 > 200
    assert [name for name, error in found.items() if error is None] == ["whole"]
    assert {error for error in found.values() if error and ("\n" in error or error[-1] != ".")} == set()
    newer = {name for name, error in found.items() if error and "a newer one made it" in error}
    assert newer >= set(NEWER)


def test_a_damaged_archive_leaves_no_file(archive: Path, tmp_path: Path):
    (tmp_path / "cut").write_bytes(archive.read_bytes()[:-1])
    target = stores(tmp_path / "target")
    code, said = target.restore(tmp_path / "cut")
    assert code == 1
    assert said.startswith("The archive is damaged, or incomplete: ")
    assert said.count("\n") == 1
    assert list(target.folder.iterdir()) == []


def test_stores_with_data_are_kept_unless_they_are_to_be_replaced(
    archive: Path, filled: Stores, tmp_path: Path
): ...
