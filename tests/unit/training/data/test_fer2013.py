"""FER2013's and FER+'s CSV files become arrays, and invalid rows are reported."""

from pathlib import Path

import numpy as np
import pytest

from tests.support.fer2013 import FERPLUS_HEADER, VOTES_HEADER, uniform_pixels, write_csv
from training.data.fer2013 import TESTS, TRAINING, VOTE_COLUMNS, InvalidRows, load_faces, read_faces, read_votes


@pytest.mark.parametrize("name", ["train.csv", "train.csv.gz"])
def test_each_row_becomes_a_labelled_face(name: str, tmp_path: Path) -> None:
    faces, invalid = read_faces(write_csv(tmp_path / name, f"3,{uniform_pixels(7)}", f"0,{uniform_pixels(255)}"))
    assert invalid == []
    assert faces.images.dtype == np.uint8
    assert faces.images.shape == (2, 48, 48)
    assert (faces.images[0] == 7).all()
    assert faces.labels.tolist() == [3, 0]


def test_the_form_with_a_column_usage_is_read_too(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "fer2013.csv", f"3,{uniform_pixels(7)},Training", header="emotion,pixels,Usage")
    assert len(read_faces(path)[0]) == 1


def test_rows_are_chosen_by_the_column_usage(tmp_path: Path) -> None:
    usages = ("Training", "PublicTest", "Training")
    rows = [f"{label},{uniform_pixels(label)},{usage}" for label, usage in enumerate(usages)]
    path = write_csv(tmp_path / "fer2013.csv", *rows, header="emotion,pixels,Usage")
    assert read_faces(path, TRAINING)[0].labels.tolist() == [0, 2]
    assert read_faces(path, TESTS)[0].labels.tolist() == [1]
    assert read_faces(path)[0].labels.tolist() == [0, 1, 2]


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (f"7,{uniform_pixels(0)}", "emotion is '7', not a number from 0 to 6"),
        (f"x,{uniform_pixels(0)}", "emotion is 'x'"),
        (f"-1,{uniform_pixels(0)}", "emotion is '-1'"),
        (f"0,{uniform_pixels(0, 2303)}", "2303 pixels, not 2304"),
        (f"0,{uniform_pixels(256)}", "a pixel is 256"),
        (f"0,{uniform_pixels(-1)}", "a pixel is -1"),
        (f"0,{uniform_pixels(0)[:-1]}x", "not a number"),
        ("0,", "empty"),
        ("", "empty"),
        ("3", "empty"),
    ],
)
def test_an_invalid_row_is_reported_with_its_line_and_reason(bad: str, reason: str, tmp_path: Path) -> None:
    rows = (f"1,{uniform_pixels(1)}", bad, f"2,{uniform_pixels(2)}")
    faces, invalid = read_faces(write_csv(tmp_path / "train.csv", *rows))
    assert faces.labels.tolist() == [1, 2]
    [row] = invalid
    assert row.line == 3
    assert reason in row.reason


def test_loading_fails_at_invalid_rows_or_skips_and_counts_them(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "train.csv", f"1,{uniform_pixels(1)}", *[f"7,{uniform_pixels(0)}"] * 12)
    with pytest.raises(InvalidRows, match=r"(?s)train\.csv: 12 invalid rows.*line 3: emotion is '7'.*and 2 more"):
        load_faces(path)
    messages: list[str] = []
    assert len(load_faces(path, skip_invalid=True, log=messages.append)) == 1
    assert messages == ["train.csv: 1 faces, 12 invalid rows skipped"]


def test_a_csv_without_the_columns_is_an_error_that_names_the_file(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"other\.csv: the first line has no column 'emotion'"):
        read_faces(write_csv(tmp_path / "other.csv", header="a,b"))


def test_votes_are_read_by_the_names_of_their_columns(tmp_path: Path) -> None:
    rows = (
        "Training,a.png,4,0,0,1,3,2,0,0,0,0",
        "PublicTest,b.png,0,9,0,0,0,0,0,0,0,1",
        "Training,c.png" + ",255" * 10,
    )
    votes = read_votes(write_csv(tmp_path / "fer2013new.csv", *rows, header=FERPLUS_HEADER), TRAINING)
    assert votes.dtype == np.uint8
    assert votes.tolist() == [[4, 0, 0, 1, 3, 2, 0, 0, 0, 0], [0] * len(VOTE_COLUMNS)]
    votes_only = write_csv(tmp_path / "votes.csv.gz", "10" + ",0" * 9, header=VOTES_HEADER)
    assert read_votes(votes_only).tolist() == [[10] + [0] * 9]


@pytest.mark.parametrize("bad", ["1,2,3", "1,2,3,4,5,6,7,8,9,x", "-1,0,0,0,0,0,0,0,0,0"])
def test_a_row_without_valid_votes_is_an_error_that_names_its_line(bad: str, tmp_path: Path) -> None:
    path = write_csv(tmp_path / "votes.csv", "10" + ",0" * 9, bad, header=VOTES_HEADER)
    with pytest.raises(ValueError, match=r"votes\.csv, line 3: "):
        read_votes(path)
