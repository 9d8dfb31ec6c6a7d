import os
from pathlib import Path

import numpy as np
import pytest

from mnist_score.errors import ScoreError
from mnist_score.inputs import find_readers
from mnist_score.locations import open_location


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with an array, and a folder in it with a picture."""
    folder = tmp_path / "images"
    (folder / "more").mkdir(parents=True)
    np.save(folder / "a.npy", np.zeros((3, 784), np.uint8))
    (folder / "more" / "b.png").touch()
    return folder


def find(*inputs: Path | str, output: Path) -> list[str]:
    locations = [open_location(str(one)) for one in inputs]
    return [each.source.uri for each in find_readers(locations, open_location(str(output)))]


@pytest.mark.parametrize("inputs", [("", "more"), ("", "more/b.png"), ("more/b.png", "more")])
def test_a_file_that_two_inputs_hold_is_refused(inputs: tuple[str, ...], folder: Path) -> None:
    with pytest.raises(ScoreError, match=r"b\.png is given twice\.$"):
        find(*(folder / one for one in inputs), output=folder.parent / "output")


@pytest.mark.parametrize("target", [".", "more", "more/b.png", "a.npy"])
def test_a_link_to_what_is_read_anyway_is_refused(target: str, folder: Path) -> None:
    (folder / f"z{Path(target).suffix}").symlink_to(folder / target)
    with pytest.raises(ScoreError, match=f"is given twice, also as {folder}/"):
        find(folder, output=folder.parent / "output")


def test_an_output_inside_an_input_is_refused_also_by_a_link(folder: Path) -> None:
    link = folder.parent / "link"
    link.symlink_to(folder / "more")
    for output in (folder / "new", link / "new"):
        with pytest.raises(ScoreError, match="The output is in the input"):
            find(folder, output=output)


def test_what_begins_with_a_dot_is_left_out_as_are_folders_of_such_names(folder: Path) -> None:
    (folder / ".git").mkdir()
    for name in (".git/c.npy", ".c.npy"):
        (folder / name).write_bytes((folder / "a.npy").read_bytes())
    output = folder.parent / "output"
    assert find(folder, output=output) == [f"{folder}/a.npy", str(folder)]
    assert find(folder / ".git", output=output) == [f"{folder}/.git/c.npy"]


def test_a_link_to_nothing_and_a_pipe_are_refused(folder: Path) -> None:
    (folder / "link").symlink_to("nothing")
    os.mkfifo(folder / "pipe")
    for name, sentence in {"link": "does not exist", "pipe": "is neither a file nor"}.items():
        with pytest.raises(ScoreError, match=f"{name} {sentence}"):
            find(folder / name, output=folder.parent / "output")


def test_a_name_that_is_no_text_is_refused(folder: Path) -> None:
    Path(os.fsdecode(bytes(folder) + b"/c\xff.png")).touch()
    with pytest.raises(ScoreError, match=r"c\\xff\.png, which is not UTF-8: rename it"):
        find(folder, output=folder.parent / "output")


@pytest.mark.parametrize("url", ["minio:9000", "http://", "http://KEY:SECRET@minio:9000"])
def test_an_address_of_a_store_that_is_none_is_refused_without_its_secret(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", url)
    with pytest.raises(ScoreError, match="AWS_ENDPOINT_URL is no address of a store") as refused:
        open_location("s3://bucket/a")
    assert "SECRET" not in str(refused.value)


def test_a_key_that_arrow_refuses_is_refused_in_a_sentence(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    with pytest.raises(ScoreError, match=r"s3://b/a//c\.npy can't be read"):
        find("s3://b/a//c.npy", output=folder.parent / "output")
