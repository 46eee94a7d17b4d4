"""Which images a folder of class folders has, and what is said of all else in it."""

from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.image_folders import write_classes, write_image
from training.data.image_folder import all_images, left_out_text, scan


def touch(*paths: Path) -> None:
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"text")


def test_each_subfolder_is_a_class_in_the_order_of_the_alphabet(tmp_path: Path) -> None:
    found = scan(write_classes(tmp_path, square=2, circle=1))
    assert found.classes == ["circle", "square"]
    assert [path.relative_to(tmp_path).as_posix() for path in found.paths] == [
        "circle/0.png", "square/0.png", "square/1.png",
    ]  # fmt: skip
    assert (found.labels, found.sides) == ([0, 1, 1], None)


@pytest.mark.parametrize("name", ["validation", "val", "Valid"])
def test_folders_for_training_and_validation_are_the_split(name: str, tmp_path: Path) -> None:
    write_classes(tmp_path / "train", circle=2, square=2)
    write_classes(tmp_path / name, circle=1, square=1)
    found = scan(tmp_path)
    assert found.classes == ["circle", "square"]
    assert found.sides == ["train"] * 4 + ["validation"] * 2


def test_a_test_folder_is_left_out_and_its_images_are_counted(tmp_path: Path) -> None:
    write_classes(tmp_path / "train", circle=2, square=2)
    write_classes(tmp_path / "test", circle=3, square=1)
    found = scan(tmp_path)
    assert (len(found.paths), found.sides) == (4, None)
    assert left_out_text(found.left_out) == "left out: 4 images of the test folder"


def test_a_class_can_be_called_train(tmp_path: Path) -> None:
    assert scan(write_classes(tmp_path, car=1, train=1, test=1)).classes == ["car", "test", "train"]


def test_hidden_files_and_files_that_are_not_images_are_counted(tmp_path: Path) -> None:
    write_classes(tmp_path, circle=1, square=1)
    touch(tmp_path / ".DS_Store", tmp_path / "circle" / "Thumbs.db", tmp_path / "circle" / "notes.txt")
    touch(tmp_path / "__MACOSX" / "circle" / "0.png", tmp_path / ".git" / "0.png")
    write_image(tmp_path / "overview.png")
    found = scan(tmp_path)
    assert len(found.paths) == 2
    assert (
        left_out_text(found.left_out)
        == "left out: 2 hidden files, 1 file that is not an image, 1 image outside the class folders"
    )


def test_an_image_is_known_by_its_name_or_by_its_content(tmp_path: Path) -> None:
    write_classes(tmp_path, circle=1, square=1)
    write_image(tmp_path / "circle" / "1.png").rename(tmp_path / "circle" / "without_ending")
    # The functions do not read it. So that it is listed and not passed over, it counts as an image.
    touch(tmp_path / "circle" / "photo.HEIC")
    assert [path.name for path in scan(tmp_path).paths] == ["0.png", "photo.HEIC", "without_ending", "0.png"]


def test_all_images_of_a_folder_to_exclude_count_whatever_its_structure(tmp_path: Path) -> None:
    for name in ("a.png", "b/c/d.png", ".hidden/e.png"):
        write_image(tmp_path / name)
    touch(tmp_path / "notes.txt")
    assert [path.relative_to(tmp_path).as_posix() for path in all_images(tmp_path)] == ["a.png", "b/c/d.png"]


@pytest.mark.parametrize(
    ("files", "reason"),
    [
        (["a.png"], "has no class folders. Expected a folder per class"),
        (["cat/a.png"], "has one class folder, and a model has 2 to 1,000 classes"),
        (["cat/a.png", "dog/.hidden"], "dog has no image: add images, or remove the folder"),
        (["cat/a.png", "dog/big/a.png"], "dog has subfolders, such as big, and a class folder has only images"),
        (["set/cat/a.png", "set/dog/a.png"], "set the folder that you mean"),
        (["cat/a.png", "a,b/a.png"], "a,b can't name a class: a label has none of the characters"),
        (["Cat/a.png", "cat/a.png"], "the folders Cat and cat of .* are the same name"),
        (["train/cat/a.png", "train/dog/a.png", "val/cat/a.png"], "dog is in .*train, but not in .*val"),
        (["train/cat/a.png", "train/dog/a.png", "val/cat/a.png", "val/emu/a.png"], "dog is in .*train, but not in"),
        (["train/cat/a.png", "train/dog/a.png", "val/cat/a.png", "val/dog/.x"], "val/dog has no image"),
        (["train/cat/a.png", "train/dog/a.png", "fold2/cat/a.png"], "a folder train, and beside it fold2"),
        (["train/cat/a.png", "train/dog/a.png", "val/cat/a.png", "valid/cat/a.png"], "both val and valid"),
    ],
)
def test_a_folder_that_can_not_be_trained_on_is_an_error_with_its_reason(
    files: list[str], reason: str, tmp_path: Path
) -> None:
    touch(*(tmp_path / file for file in files))
    with pytest.raises(ValueError, match=reason):
        scan(tmp_path)


NAMES = st.text(st.characters(codec="utf-8", categories=("L", "N", "Zs", "P")), min_size=1, max_size=20)


# A folder whose name begins with a dot is hidden, and is left out.
@given(st.lists(NAMES.filter(lambda name: not name.startswith(".") and "/" not in name), min_size=2, max_size=5))
def test_every_folder_name_becomes_a_label_or_is_refused_with_a_sentence_that_names_it(names: list[str]) -> None:
    with TemporaryDirectory() as folder:
        for name in names:
            touch(Path(folder) / name / "a.png")
        try:
            assert scan(Path(folder)).classes == sorted(set(names))
        except ValueError as error:
            shown = str(error)
            assert any(word in shown for word in ("can't name a class", "are the same name", "class folder"))
