"""FER2013's csv → arrays → what training jobs read."""

import gzip
import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from local.paths import ROOT
from mien.logic import images as mien_images
from mien.logic.labels import LABELS
from training.data import prepare
from training.data.fer2013 import OPINIONS, TESTS, TRAINING, Faces, read, read_votes

CHANCE = np.random.default_rng(0)


def row(label: object, pixels: object) -> str:
    return f"{label},{pixels}"


def pixels(level: int, count: int = 48 * 48) -> str:
    return " ".join([str(level)] * count)


def csv(path: Path, *rows: str, header: str = "emotion,pixels") -> Path:
    text = "\n".join([header, *rows]) + "\n"
    if path.suffix == ".gz":
        path.write_bytes(gzip.compress(text.encode()))
    else:
        path.write_text(text)
    return path


def some_faces(count: int) -> Faces:
    return Faces(CHANCE.integers(0, 256, (count, 48, 48), np.uint8), np.arange(count) % len(LABELS))


@pytest.mark.parametrize("name", ["train.csv", "train.csv.gz"])
def test_a_row_is_a_face(name: str, tmp_path: Path) -> None:
    faces, bad = read(csv(tmp_path / name, row(3, pixels(7)), row(0, pixels(255))))
    assert bad == []
    assert faces.images.dtype == np.uint8
    assert faces.images.shape == (2, 48, 48)
    assert (faces.images[0] == 7).all()
    assert faces.labels.tolist() == [3, 0]


def test_the_form_with_usage_is_read_too(tmp_path: Path) -> None:
    path = csv(tmp_path / "fer2013.csv", f"{row(3, pixels(7))},Training", header="emotion,pixels,Usage")
    assert len(read(path)[0]) == 1


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (row(7, pixels(0)), "emotion is '7', not a number from 0 to 6"),
        (row("x", pixels(0)), "emotion is 'x'"),
        (row(-1, pixels(0)), "emotion is '-1'"),
        (row(0, pixels(0, 2303)), "2303 pixels, not 2304"),
        (row(0, pixels(256)), "a pixel of 256"),
        (row(0, pixels(-1)), "a pixel of -1"),
        (row(0, pixels(0)[:-1] + "x"), "not a number"),
        (row(0, ""), "empty"),
        ("", "empty"),
        ("3", "empty"),
    ],
)
def test_a_bad_row_is_named_by_its_line_and_reason(bad: str, reason: str, tmp_path: Path) -> None:
    faces, rows = read(csv(tmp_path / "train.csv", row(1, pixels(1)), bad, row(2, pixels(2))))
    assert faces.labels.tolist() == [1, 2]
    [named] = rows
    assert named.line == 3
    assert reason in named.reason


def test_a_file_of_another_kind_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="names no columns"):
        read(csv(tmp_path / "other.csv", header="a,b"))


@pytest.fixture(scope="module")
def pool() -> Iterator[ProcessPoolExecutor]:
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as running:
        yield running


def opened(path: Path) -> np.ndarray:
    with Image.open(path) as image:
        return np.asarray(image)


def test_only_the_rows_for_training_are_taken_where_the_csv_says_which_they_are(tmp_path: Path) -> None:
    rows = [f"{label},{pixels(label)},{usage}" for label, usage in enumerate(("Training", "PublicTest", "Training"))]
    path = csv(tmp_path / "fer2013.csv", *rows, header="emotion,pixels,Usage")
    assert read(path, TRAINING)[0].labels.tolist() == [0, 2]
    assert read(path, TESTS)[0].labels.tolist() == [1]
    assert read(path)[0].labels.tolist() == [0, 1, 2]


def test_a_csv_that_holds_the_tests_too_can_be_held_against_itself(tmp_path: Path) -> None:
    rows = [f"{label},{pixels(label)},Training" for label in range(7)] + [f"3,{pixels(2)},PublicTest"]
    path = csv(tmp_path / "fer2013.csv", *rows, header="emotion,pixels,Usage")
    result = command("prepare", path, "--exclude", path, "--output", tmp_path / "out", "--no-folders", "--no-records")
    assert result.returncode == 0, result.stderr
    assert "1 faces occur in fer2013.csv too" in result.stdout


def test_class_folders_hold_every_face_small_and_large(tmp_path: Path, pool: ProcessPoolExecutor) -> None:
    faces, written = some_faces(150), []
    prepare.write_folders(faces, tmp_path, "pad", pool, written.append)
    assert sum(written) == 2 * len(faces)
    for index in (0, 149):
        name = prepare.path_of(index, int(faces.labels[index]))
        assert (opened(tmp_path / "FacialExpressions" / name) == faces.images[index]).all()
        large = opened(tmp_path / "FacialExpressions_224by224_3channel" / name)
        assert large.shape == (224, 224, 3)
        # 88 zeros on each side of the face.
        assert (large[88:136, 88:136] == faces.images[index][..., None]).all()
        assert large.sum() == 3 * int(faces.images[index].sum())


def test_enlarged_faces_are_those_that_serving_sends(tmp_path: Path) -> None:
    image = some_faces(1).images[0]
    served = mien_images.face(prepare.small(image), 224, "RGB")
    (tmp_path / "large.png").write_bytes(prepare.large(image, "resize"))
    assert opened(tmp_path / "large.png").tobytes() == served.pixels


def test_a_list_names_index_class_and_path_and_every_path_is_there(tmp_path: Path, pool: ProcessPoolExecutor) -> None:
    faces = some_faces(70)
    prepare.write_folders(faces, tmp_path, "resize", pool, lambda count: None)
    prepare.write_list(np.array([9, 3]), faces.labels, tmp_path / "train.lst")
    lines = (tmp_path / "train.lst").read_text().splitlines()
    assert lines == ["9\t2\tfear/00009.png", "3\t3\thappy/00003.png"]
    assert all((tmp_path / "FacialExpressions" / line.split("\t")[2]).exists() for line in lines)


def test_records_are_the_same_from_the_folders_and_anew(tmp_path: Path, pool: ProcessPoolExecutor) -> None:
    faces, selection = some_faces(140), np.arange(139, 0, -2)
    prepare.write_folders(faces, tmp_path, "resize", pool, lambda count: None)
    read_back = prepare.written_files(faces, selection, tmp_path)
    prepare.write_records(faces, selection, read_back, tmp_path / "folders.rec", lambda count: None)
    anew = prepare.large_files(faces, selection, "resize", pool)
    prepare.write_records(faces, selection, anew, tmp_path / "anew.rec", lambda count: None)
    assert (tmp_path / "folders.rec").read_bytes() == (tmp_path / "anew.rec").read_bytes()


def test_a_channel_carries_the_names_of_its_classes(tmp_path: Path) -> None:
    with np.load(prepare.write_arrays(some_faces(14), tmp_path / "train"), allow_pickle=False) as arrays:
        assert arrays["classes"].tolist() == list(LABELS)
        assert arrays["images"].shape == (14, 48, 48)


def command(*words: object) -> subprocess.CompletedProcess[str]:
    line = [sys.executable, "-m", "training", *map(str, words)]
    return subprocess.run(line, cwd=ROOT, capture_output=True, text=True, env={**os.environ, "COLUMNS": "200"})


@pytest.fixture(scope="module")
def train_csv(tmp_path_factory: pytest.TempPathFactory) -> Path:
    rows = [row(i % 7, " ".join(map(str, CHANCE.integers(0, 256, 48 * 48)))) for i in range(140)]
    return csv(tmp_path_factory.mktemp("csv") / "train.csv.gz", *rows)


def test_prepare_writes_all_that_the_jobs_read_and_the_same_again(train_csv: Path, tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    for output in (first, second, second):
        result = command("prepare", train_csv, "--output", output)
        assert result.returncode == 0, result.stderr
    names = sorted(p.relative_to(first).as_posix() for p in first.rglob("*") if p.is_file())
    assert len([name for name in names if name.endswith(".png")]) == 2 * 140
    assert [name for name in names if not name.endswith(".png")] == [
        "train.idx", "train.lst", "train.rec", "train/faces.npz",
        "validation.idx", "validation.lst", "validation.rec", "validation/faces.npz",
    ]  # fmt: skip
    for name in names:
        if not name.endswith(".npz"):
            assert (first / name).read_bytes() == (second / name).read_bytes(), name
    assert len((first / "validation.lst").read_text().splitlines()) == 28


def test_prepare_says_what_is_wrong_and_writes_nothing(train_csv: Path, tmp_path: Path) -> None:
    bad = csv(tmp_path / "train.csv", row(1, pixels(1)), row(7, pixels(0)))
    result = command("prepare", bad, "--output", tmp_path / "out")
    assert result.returncode == 1
    assert "line 3: emotion is '7'" in result.stderr
    assert not (tmp_path / "out").exists()
    skipped = command("prepare", bad, "--output", tmp_path / "out", "--skip-bad", "--no-folders", "--no-records")
    assert "1 bad rows skipped" in skipped.stdout
    refused = command("prepare", train_csv, "--output", tmp_path / "out", "--share", "joy=0.5")
    assert "'joy=0.5' is no CLASS=SHARE" in refused.stderr


# As Microsoft hands it out, and as a file of the votes alone.
FERPLUS = "Usage,Image name,neutral,happiness,surprise,sadness,anger,disgust,fear,contempt,unknown,NF"


def test_votes_are_read_by_the_names_of_their_columns(tmp_path: Path) -> None:
    rows = (
        "Training,a.png,4,0,0,1,3,2,0,0,0,0",
        "PublicTest,b.png,0,9,0,0,0,0,0,0,0,1",
        "Training,c.png" + ",255" * 10,
    )
    votes = read_votes(csv(tmp_path / "fer2013new.csv", *rows, header=FERPLUS), TRAINING)
    assert votes.dtype == np.uint8
    assert votes.tolist() == [[4, 0, 0, 1, 3, 2, 0, 0, 0, 0], [0] * len(OPINIONS)]
    alone = csv(tmp_path / "votes.csv.gz", "10" + ",0" * 9, header=FERPLUS.partition("name,")[2])
    assert read_votes(alone).tolist() == [[10] + [0] * 9]


@pytest.mark.parametrize("bad", ["1,2,3", "1,2,3,4,5,6,7,8,9,x", "-1,0,0,0,0,0,0,0,0,0"])
def test_a_row_without_votes_is_named_by_its_line(bad: str, tmp_path: Path) -> None:
    path = csv(tmp_path / "votes.csv", "10" + ",0" * 9, bad, header=FERPLUS.partition("name,")[2])
    with pytest.raises(ValueError, match=r"votes\.csv, line 3: "):
        read_votes(path)


def test_prepare_gives_each_face_its_own_votes(train_csv: Path, tmp_path: Path) -> None:
    header = FERPLUS.partition("name,")[2]
    votes = csv(tmp_path / "votes.csv", *(f"{i}" + ",0" * 9 for i in range(140)), header=header)
    options = ("--no-folders", "--no-records", "--output", tmp_path / "out")
    result = command("prepare", train_csv, "--votes", votes, *options)
    assert result.returncode == 0, result.stderr
    faces, _ = read(train_csv)
    for channel in ("train", "validation"):
        with np.load(tmp_path / "out" / channel / "faces.npz", allow_pickle=False) as arrays:
            for image, count in zip(arrays["images"], arrays["votes"][:, 0], strict=True):
                assert (faces.images[count] == image).all()
    few = csv(tmp_path / "few.csv", *("10" + ",0" * 9 for _ in range(139)), header=header)
    assert (
        "few.csv holds votes for 139 faces, and train.csv.gz has 140"
        in command("prepare", train_csv, "--votes", few, *options).stderr
    )
