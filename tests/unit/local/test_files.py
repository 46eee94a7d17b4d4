"""Which of the user's files are uploaded."""

import os
from pathlib import Path

import pytest

from local.cloud import CloudError
from local.files import image_path, select_files
from local.paths import ALL_SAMPLES


def test_a_folder_gives_all_its_files_except_hidden_ones(tmp_path: Path) -> None:
    for name in ("b.png", "a/c.png", "a/notes.txt", ".hidden", ".git/config"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    selection = select_files(tmp_path)
    assert list(selection.files) == ["a/c.png", "a/notes.txt", "b.png"]
    assert selection.skipped == {}


def test_all_samples_are_images_because_the_demo_uploads_all_files_of_their_folder() -> None:
    assert {Path(name).suffix for name in select_files(ALL_SAMPLES).files} == {".png", ".jpg"}


def test_one_image_is_a_folder_of_one(tmp_path: Path) -> None:
    (tmp_path / "a.png").touch()
    assert select_files(tmp_path / "a.png").files == {"a.png": tmp_path / "a.png"}


def test_a_name_that_is_not_utf_8_is_named_and_the_others_are_selected(tmp_path: Path) -> None:
    folder = os.fsencode(tmp_path)
    Path(os.fsdecode(folder + b"/gr\xfcn")).mkdir()
    for name in (b"gr\xfcn/a.png", b"stra\xdfe.png", b"good.png"):
        Path(os.fsdecode(folder + b"/" + name)).touch()
    selection = select_files(tmp_path)
    assert list(selection.files) == ["good.png"]
    assert sorted(selection.skipped) == [f"{tmp_path}/gr\\xfcn", f"{tmp_path}/stra\\xdfe.png"]
    assert all("not UTF-8" in line for line in selection.skipped_lines())


def test_linked_folders_are_followed_once(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "a.png").touch()
    images = tmp_path / "images"
    images.mkdir()
    (images / "happy").symlink_to(tmp_path / "elsewhere")
    (images / "loop").symlink_to(images)
    selection = select_files(images)
    assert list(selection.files) == ["happy/a.png"]
    assert selection.skipped == {str(images / "loop"): "the folder is a link to one that is uploaded already"}


def test_a_link_that_leads_nowhere_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.png").symlink_to(tmp_path / "missing.png")
    assert select_files(tmp_path).skipped == {str(tmp_path / "a.png"): "it is a link that leads nowhere"}


def test_a_folder_that_cannot_be_read_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "private").mkdir()
    (tmp_path / "a.png").touch()
    scandir = os.scandir

    def refuse(path: str) -> object:
        # Permissions do not stop root, which runs the tests in containers.
        if str(path).endswith("private"):
            raise PermissionError(13, "Permission denied", str(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)
    selection = select_files(tmp_path)
    assert list(selection.files) == ["a.png"]
    assert selection.skipped == {str(tmp_path / "private"): "the folder can't be read: Permission denied"}


def test_an_escape_sequence_in_a_name_does_not_reach_the_terminal(tmp_path: Path) -> None:
    (tmp_path / "\x1b[2J.png").symlink_to(tmp_path / "missing")
    assert list(select_files(tmp_path).skipped) == [f"{tmp_path}/\\x1b[2J.png"]


@pytest.mark.parametrize("blank", ["", " "])
def test_a_blank_folder_is_not_the_working_directory(blank: str) -> None:
    with pytest.raises(CloudError, match="is blank"):
        image_path(blank)


def test_a_folder_without_files_and_a_path_without_anything_are_refused(tmp_path: Path) -> None:
    with pytest.raises(CloudError, match="there are no files in"):
        select_files(tmp_path)
    with pytest.raises(CloudError, match="is not a folder and not a file"):
        select_files(tmp_path / "missing")
