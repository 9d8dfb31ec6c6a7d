"""Experiments that name their location: it is found in the artifact store, or left alone."""

from pathlib import Path

from mlflow import MlflowClient

from support.archives import member, pack, read_contents, read_members
from support.servers.backups import Stores, stores
from support.servers.tracking import TrackingServer

OUTSIDE = "mlflow-artifacts:/../outside"
LEFT_OUT = f"Left out: the artifacts in '{OUTSIDE}'.\n"


def add_outside(target: Stores) -> Path:
    """Make a file where OUTSIDE would lead."""
    file = target.folder / "outside" / "folder" / "file"
    file.parent.mkdir(parents=True)
    file.write_text("of somebody else")
    return file


def test_a_location_that_a_client_has_made_up_is_left_out_of_backup_and_restore(
    server: TrackingServer, tmp_path: Path
):
    client = MlflowClient(server.url)
    for name, location in (("outside", OUTSIDE), ("folder", (tmp_path / "folder").as_uri())):
        client.create_run(client.create_experiment(name, artifact_location=location))
    client.register_prompt("prompt", "without artifacts")
    source, target, archive = stores(server.log.parent), stores(tmp_path / "target"), tmp_path / "a"
    add_outside(source)
    code, said = source.create(archive)
    assert code == 0, said
    assert LEFT_OUT in said
    assert not [name for name in read_contents(archive) if "outside" in name]
    file = add_outside(target)
    code, said = target.restore(archive, "--replace")
    assert code == 0, said
    assert LEFT_OUT in said
    assert file.exists()


def test_artifacts_are_found_where_mlflow_stores_them(server: TrackingServer, tmp_path: Path):
    client, note = MlflowClient(server.url), tmp_path / "note.txt"
    note.write_text("noted")
    folders = {"a%20b": "a b/", "c%2520d": "c d/", "m//n": "m/n/", "./o": "o/"}
    for location in folders:
        experiment = client.create_experiment(
            location, artifact_location=f"mlflow-artifacts:/{location}"
        )
        client.log_artifact(client.create_run(experiment).info.run_id, str(note))
    source, target, archive = stores(server.log.parent), stores(tmp_path / "target"), tmp_path / "a"
    assert source.create(archive)[0] == 0
    assert target.restore(archive)[0] == 0
    stored = target.artifact_files().items()
    for folder in folders.values():
        assert [content for path, content in stored if path.startswith(folder)] == [b"noted"]


def test_a_location_in_a_handmade_archive_is_left_out(archive: Path, tmp_path: Path):
    location = b'"mlflow-artifacts:/1"'
    members = read_members(archive.read_bytes())
    assert any(location in content for _, content in members)
    changed = [member(i.name, c.replace(location, f'"{OUTSIDE}"'.encode())) for i, c in members]
    (tmp_path / "handmade").write_bytes(pack(changed))
    target = stores(tmp_path / "target")
    file = add_outside(target)
    code, said = target.restore(tmp_path / "handmade", "--replace")
    assert code == 0, said
    assert LEFT_OUT in said
    assert file.exists()
