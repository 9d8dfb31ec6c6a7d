"""Archives that are damaged, handmade or newer are refused before anything is written."""

from pathlib import Path

from support.archives import cut, flip, flip_contents, handmade, read_contents
from support.servers.backups import Stores, filled_stores, refusals, stores

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
    assert all("\n" not in error and error.endswith(".") for error in found.values() if error)
    newer = {name for name, error in found.items() if error and "a newer one made it" in error}
    assert newer >= set(NEWER)


def test_a_damaged_archive_leaves_no_file(archive: Path, tmp_path: Path):
    (tmp_path / "cut").write_bytes(archive.read_bytes()[:-1])
    target = stores(tmp_path / "target")
    code, said = target.restore(tmp_path / "cut")
    assert code == 1
    assert said.startswith("The archive is damaged, or incomplete: ")
    assert said.count("\n") == 1
    assert target.is_empty()


def test_stores_with_data_are_kept_unless_they_are_to_be_replaced(
    filled: Stores, archive: Path, tmp_path: Path
):
    target = filled_stores(tmp_path / "target")
    before = target.artifact_files()
    code, said = target.restore(archive)
    assert code == 1
    assert "The stack has data already (2 model_versions, 1 registered_models, 2 runs" in said
    assert target.artifact_files() == before
    code, said = target.restore(archive, "--replace")
    assert code == 0, said
    assert target.artifact_files() == filled.artifact_files()
    assert not target.artifact_files().keys() & before.keys(), "other runs, with other names"
    assert target.create(tmp_path / "again")[0] == 0
    assert read_contents(tmp_path / "again") == read_contents(archive)
