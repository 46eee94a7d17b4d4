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
        # 2 to the power of 32, and of 64, plus 5: the last 32 bits are 5.
        (f"0,4294967301 {uniform_pixels(0, 2303)}", "a pixel is 4294967301"),
        (f"0,18446744073709551621 {uniform_pixels(0, 2303)}", "a pixel is 9223372036854775807"),
        (f'0,"[{uniform_pixels(0).replace(" ", ", ")}]"', "not a number or a space"),
        (f"\u0663,{uniform_pixels(0)}", "emotion is"),
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


def test_a_byte_order_mark_is_not_part_of_the_first_columns_name(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "train.csv", f"3,{uniform_pixels(7)}", header="\ufeffemotion,pixels")
    assert read_faces(path)[0].labels.tolist() == [3]
    row = "PublicTest,b.png" + ",0" * 9 + ",1"
    votes = write_csv(tmp_path / "votes.csv.gz", row, row, header=f"\ufeff{FERPLUS_HEADER}")
    assert read_votes(votes, TRAINING).shape == (0, len(VOTE_COLUMNS))
    assert read_votes(votes, TESTS).shape == (2, len(VOTE_COLUMNS))


@pytest.mark.parametrize("end", ["", "\n\n", "   ", ","])
def test_blank_lines_at_the_end_are_not_rows(end: str, tmp_path: Path) -> None:
    faces, invalid = read_faces(write_csv(tmp_path / "train.csv", f"1,{uniform_pixels(1)}", end))
    assert (len(faces), invalid) == (1, [])


@pytest.mark.parametrize("end", ["", "   ", "," * 12])
def test_votes_may_have_an_index_column_and_a_blank_end(end: str, tmp_path: Path) -> None:
    row = "0,Training,a.png,4,0,0,1,3,2,0,0,0,0"
    path = write_csv(tmp_path / "votes.csv", row, end, header=f",{FERPLUS_HEADER}")
    assert read_votes(path, TRAINING).tolist() == [[4, 0, 0, 1, 3, 2, 0, 0, 0, 0]]


def test_a_face_without_a_usage_is_invalid_if_the_file_has_usages(tmp_path: Path) -> None:
    rows = (f"1,{uniform_pixels(1)},Training", f"2,{uniform_pixels(2)}", f"3,{uniform_pixels(3)},")
    path = write_csv(tmp_path / "fer2013.csv", *rows, header="emotion,pixels,Usage")
    for usages in (TRAINING, TESTS):
        faces, invalid = read_faces(path, usages)
        assert 2 not in faces.labels
        assert [str(row) for row in invalid] == ["line 3: Usage is empty", "line 4: Usage is empty"]


def test_votes_without_a_usage_are_an_error_that_names_the_line(tmp_path: Path) -> None:
    row = ",a.png" + ",0" * 10
    path = write_csv(tmp_path / "votes.csv", row, header=FERPLUS_HEADER)
    with pytest.raises(ValueError, match=r"votes\.csv, line 2: Usage is empty"):
        read_votes(path, TRAINING)


def test_loading_counts_the_rows_that_are_left_out(tmp_path: Path) -> None:
    rows = [
        f"{label},{uniform_pixels(label)},{usage}" for label, usage in enumerate(("training", *["privatetest"] * 3))
    ]
    path = write_csv(tmp_path / "fer2013.csv", *rows, header="emotion,pixels,Usage")
    messages: list[str] = []
    load_faces(path, TRAINING, log=messages.append)
    assert messages == ["fer2013.csv: 1 faces, left out: 3 PrivateTest"]


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        ([], r"fer2013\.csv has no faces with Usage PrivateTest or PublicTest: it has no rows"),
        (["", ""], "it has no rows"),
        ([f"1,{uniform_pixels(1)},Training"] * 2, "with Usage PrivateTest or PublicTest: left out: 2 Training"),
        ([f"7,{uniform_pixels(1)},PublicTest"], "1 invalid rows skipped"),
    ],
)
def test_a_file_without_faces_is_an_error_that_says_why(rows: list[str], reason: str, tmp_path: Path) -> None:
    path = write_csv(tmp_path / "fer2013.csv", *rows, header="emotion,pixels,Usage")
    with pytest.raises(ValueError, match=reason):
        load_faces(path, TESTS, skip_invalid=True)
    assert len(load_faces(path, TESTS, skip_invalid=True, may_be_empty=True)) == 0


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
