"""A folder never has files of two preparations, and never loses files that `prepare` did not write."""

from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.data.staging import ENTRIES, RECORD, replacing, require_own_files
from training.data.writers import LARGE

FILES = [
    "data.json", "train/faces.npz", "train/data.json", "validation/faces.npz", "train.rec", "train.idx", "train.lst",
    "train/soft_labels.npz", "validation.rec", "validation.idx", "validation.lst", f"{LARGE}/happy/00001.png",
    "FacialExpressions/sad/12345.png",
]  # fmt: skip


def files_in(folder: Path) -> dict[str, str]:
    return {path.relative_to(folder).as_posix(): path.read_text() for path in folder.rglob("*") if path.is_file()}


def write(folder: Path, files: list[str], text: str) -> None:
    with replacing(folder) as staging:
        for file in files:
            (staging / file).parent.mkdir(parents=True, exist_ok=True)
            (staging / file).write_text(text)


@given(st.lists(st.sampled_from(FILES), unique=True), st.lists(st.sampled_from(FILES), unique=True))
def test_a_second_preparation_replaces_all_files_of_the_first_and_keeps_all_others(
    first: list[str], second: list[str]
) -> None:
    with TemporaryDirectory() as folder:
        (Path(folder) / "notes.txt").write_text("mine")
        write(Path(folder), first, "first")
        write(Path(folder), second, "second")
        assert files_in(Path(folder)) == {"notes.txt": "mine", **dict.fromkeys(second, "second")}


def test_a_preparation_that_fails_leaves_the_folder_as_it_was(tmp_path: Path) -> None:
    write(tmp_path, FILES, "first")
    # The second file's name is that of a folder.
    with pytest.raises(OSError, match="train"):
        write(tmp_path, ["train/faces.npz", "train"], "second")
    assert files_in(tmp_path) == dict.fromkeys(FILES, "first")


def test_a_folder_that_did_not_exist_does_not_exist_after_a_failure(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="full"), replacing(tmp_path / "new"):
        raise OSError("the disk is full")
    assert not (tmp_path / "new").exists()


def test_what_a_killed_preparation_left_is_removed(tmp_path: Path) -> None:
    (tmp_path / ".unfinished" / "train").mkdir(parents=True)
    write(tmp_path, FILES, "second")
    assert files_in(tmp_path) == dict.fromkeys(FILES, "second")


def test_two_preparations_at_once_into_one_folder_are_refused(tmp_path: Path) -> None:
    with replacing(tmp_path), pytest.raises(ValueError, match="another `prepare` is writing into"):
        write(tmp_path, FILES, "second")


@pytest.mark.parametrize(
    "file", ["train/cat/1.png", "validation/notes.txt", f"{LARGE}/happy/holiday.jpg", "FacialExpressions/notes.txt"]
)
def test_files_that_prepare_did_not_write_are_never_replaced(file: str, tmp_path: Path) -> None:
    (tmp_path / file).parent.mkdir(parents=True)
    (tmp_path / file).write_text("mine")
    with pytest.raises(ValueError, match=r"was not written by `prepare`.*choose another --output"):
        require_own_files(tmp_path)
    with pytest.raises(ValueError, match="was not written by `prepare`"):
        write(tmp_path, FILES, "new")
    assert files_in(tmp_path) == {file: "mine"}


def test_the_record_is_the_last_entry_so_that_a_folder_with_it_is_complete() -> None:
    assert ENTRIES[-1] == RECORD
