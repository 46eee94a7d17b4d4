"""`python -m training prepare FOLDER`, as people run it on their own images."""

import json
import shlex
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from local.paths import ALL_SAMPLES
from mien.logic.pictures import COLOR_224, read_face
from tests.support.fer2013 import run_training, uniform_pixels, write_csv
from tests.support.image_folders import write_classes, write_image
from training.data.labelled_images import LabelledImages


def prepare(*arguments: object) -> str:
    """Runs `prepare`, which must succeed, and returns what it prints."""
    result = run_training("prepare", *arguments)
    assert result.returncode == 0, result.stderr
    return result.stdout


def refusal(*arguments: object) -> str:
    """Runs `prepare`, which must fail without a traceback, and returns its message."""
    result = run_training("prepare", *arguments)
    assert result.returncode == 1, result.stdout
    assert "Traceback" not in result.stderr
    return result.stderr


def read_channel(folder: Path) -> LabelledImages:
    with np.load(folder / "faces.npz", allow_pickle=False) as arrays:
        return LabelledImages(arrays["images"], arrays["labels"], arrays["classes"].tolist())


def read_record(folder: Path) -> dict[str, Any]:
    return json.loads((folder / "data.json").read_text())


def test_a_folder_of_classes_becomes_what_the_training_script_reads(tmp_path: Path) -> None:
    shapes = write_classes(tmp_path / "shapes", circle=10, square=15)
    (shapes / ".DS_Store").write_bytes(b"")
    output = prepare(shapes, "--output", tmp_path / "out", "--size", 64, "--color", "rgb")
    assert "shapes: 25 images of 2 classes, left out: 1 hidden file" in output
    train, validation = (read_channel(tmp_path / "out" / channel) for channel in ("train", "validation"))
    assert train.images.shape == (20, 64, 64, 3)
    assert np.bincount(train.labels).tolist() == [8, 12]
    assert np.bincount(validation.labels).tolist() == [2, 3]
    assert train.classes == validation.classes == ["circle", "square"]


def test_data_json_says_what_the_data_is_and_its_command_makes_the_same_data(tmp_path: Path) -> None:
    shapes = write_classes(tmp_path / "my shapes", circle=10, square=10)
    out = tmp_path / "out"
    prepare(shapes, "--output", out, "--share", "circle=0.5", "--seed", 3, "--size", 32)
    record = read_record(out)
    assert (out / "data.json").read_bytes() == (out / "train" / "data.json").read_bytes()
    assert record["source"]["kind"] == "folder"
    assert record["source"]["name"] == "my shapes"
    assert (record["labels"], record["faces"]) == (["circle", "square"], "whole")
    assert (record["size"], record["color"]) == (32, "gray")
    assert record["counts"] == {"train": {"circle": 4, "square": 8}, "validation": {"circle": 2, "square": 2}}
    assert record["sha256"] == {name: read_channel(out / name).sha256() for name in ("train", "validation")}
    assert str(tmp_path) not in (out / "data.json").read_text()
    python, dash_m, training, command, name, *options = shlex.split(record["command"])
    assert (python, dash_m, training, command, name) == ("python", "-m", "training", "prepare", "my shapes")
    prepare(shapes, "--output", tmp_path / "again", *options)
    assert read_record(tmp_path / "again") == record


def test_given_folders_for_training_and_validation_are_kept_and_share_no_image(tmp_path: Path) -> None:
    shapes = tmp_path / "shapes"
    write_classes(shapes / "train", circle=5, square=5)
    write_classes(shapes / "val", circle=3, square=3)
    write_classes(shapes / "test", circle=1)
    shutil.copy(shapes / "train" / "circle" / "0.png", shapes / "val" / "circle" / "copy.png")
    shutil.copy(shapes / "train" / "circle" / "1.png", shapes / "val" / "square" / "copy.png")
    output = prepare(shapes, "--output", tmp_path / "out")
    assert "left out: 1 image of the test folder" in output
    assert "2 validation images are also training images, pixel for pixel, and are left out of validation" in output
    assert (
        "2 images have the same pixels as an image of another class, such as circle/1.png and square/copy.png" in output
    )
    assert read_record(tmp_path / "out")["counts"]["validation"] == {"circle": 3, "square": 3}
    assert "there is nothing to hold out" in refusal(shapes, "--output", tmp_path / "out", "--validation", 0.1)


def test_images_that_the_functions_would_reject_are_listed_and_left_out_by_option(tmp_path: Path) -> None:
    shapes = write_classes(tmp_path / "shapes", circle=10, square=10)
    (shapes / "circle" / "empty.png").write_bytes(b"")
    write_image(shapes / "square" / "tiny.png", size=(5, 5))
    message = refusal(shapes, "--output", tmp_path / "out")
    assert "2 of 22 images can't be read (--skip-bad leaves them out)" in message
    assert "  circle/empty.png: The file is empty.\n" in message
    assert "  square/tiny.png: The image has 5x5 pixels; the shorter side needs 16." in message
    assert not (tmp_path / "out").exists()
    assert "20 images of 2 classes, 2 that can't be read were left out" in prepare(
        shapes, "--output", tmp_path / "out", "--skip-bad"
    )


def test_faces_are_found_in_photos_and_photos_without_one_are_left_out(tmp_path: Path) -> None:
    people = tmp_path / "people"
    for name in ("group", "portrait"):
        (people / name).mkdir(parents=True)
        with Image.open(ALL_SAMPLES / "photos" / "group.jpg") as photo:
            for number in range(5):
                photo.crop((number, 0, *photo.size)).save(people / name / f"{number}.png")
    shutil.copy(ALL_SAMPLES / "photos" / "studio.jpg", people / "group")
    output = prepare(people, "--output", tmp_path / "out", "--faces", "find", "--keep-duplicates")
    assert "people: 10 images of 2 classes, 1 without a face were left out" in output
    assert read_record(tmp_path / "out")["faces"] == "find"


def test_images_of_a_test_folder_or_a_csv_are_excluded(tmp_path: Path) -> None:
    shapes = write_classes(tmp_path / "shapes", circle=10, square=10)
    write_image(shapes / "circle" / "level.png", 7, (48, 48))
    (tmp_path / "test").mkdir()
    shutil.copy(shapes / "circle" / "0.png", tmp_path / "test" / "any.png")
    output = prepare(shapes, "--output", tmp_path / "out", "--exclude", tmp_path / "test")
    assert "1 images are also in test and are excluded" in output
    csv = write_csv(tmp_path / "test.csv", f"3,{uniform_pixels(7)}")
    output = prepare(shapes, "--output", tmp_path / "out", "--exclude", csv)
    assert "1 images are also in test.csv and are excluded" in output


@pytest.mark.parametrize(
    ("counts", "options", "reason"),
    [
        ({"circle": 10}, [], "has one class folder"),
        ({"circle": 10, "square": 2}, [], "validation would have none of the 2 images of class square"),
        ({"circle": 10, "square": 9}, ["--share", "square=0"], "train would have none of the 9 images of class square"),
        (
            {"circle": 9, "square": 9},
            ["--share", "cube=0.5"],
            "'cube' is not a class of this data: the classes are circle, s",
        ),
        ({"circle": 9, "square": 9}, ["--votes", __file__], "a folder of images has no votes"),
        ({"circle": 9, "square": 9}, ["--fit", "pad", "--size", "300", "--records"], "--size 300 is larger"),
    ],
)
def test_data_that_no_model_can_learn_from_is_refused(
    counts: dict[str, int], options: list[str], reason: str, tmp_path: Path
) -> None:
    shapes = write_classes(tmp_path / "shapes", **counts)
    assert reason in refusal(shapes, "--output", tmp_path / "out", *options)
    assert not (tmp_path / "out").exists()


def test_an_output_in_the_folder_of_images_is_refused(tmp_path: Path) -> None:
    shapes = write_classes(tmp_path / "shapes", circle=9, square=9)
    assert "the next run would read it" in refusal(shapes, "--output", shapes / "out")
    assert "contains the folder of images" in refusal(shapes, "--output", tmp_path)


def test_a_second_preparation_leaves_no_file_of_the_first(tmp_path: Path) -> None:
    shapes = write_classes(tmp_path / "shapes", circle=5, square=5)
    prepare(shapes, "--output", tmp_path / "out", "--records", "--folders")
    assert "files of an earlier preparation" in prepare(shapes, "--output", tmp_path / "out")
    found = sorted(path.relative_to(tmp_path / "out").as_posix() for path in (tmp_path / "out").rglob("*.*"))
    assert found == ["data.json", "train/data.json", "train/faces.npz", "validation/faces.npz"]


def test_images_for_the_built_in_algorithm_are_made_from_the_originals_in_color(tmp_path: Path) -> None:
    shapes = tmp_path / "shapes"
    originals = [
        write_image(shapes / name / f"{number}.png", size=(500, 450))
        for name in ("circle", "square")
        for number in range(5)
    ]
    prepare(shapes, "--output", tmp_path / "out", "--folders", "--records", "--no-arrays")
    large = sorted((tmp_path / "out" / "FacialExpressions_224by224_3channel").rglob("*.png"))
    for path, original in zip(large, originals, strict=True):
        assert path.parent.name == original.parent.name
        with Image.open(path) as image:
            assert image.tobytes() == read_face(original.read_bytes(), COLOR_224).pixels
    assert len((tmp_path / "out" / "validation.lst").read_text().splitlines()) == 2
    assert len((tmp_path / "out" / "train.idx").read_text().splitlines()) == 8
