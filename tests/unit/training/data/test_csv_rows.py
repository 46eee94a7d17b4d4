"""Rows are chosen by the column Usage, and every row that is left out is counted."""

from pathlib import Path

import pytest

from tests.support.fer2013 import write_csv
from training.data.csv_rows import CsvRows, Usage, left_out_text

TRAINING: frozenset[Usage] = frozenset({"Training"})


def rows_of(path: Path, usages: frozenset[Usage] | None = TRAINING) -> CsvRows:
    return CsvRows(path, ("emotion", "pixels"), usages)


def emotions(rows: CsvRows) -> list[str]:
    return [row.fields[0] for row in rows]


@pytest.mark.parametrize(
    "header", ["Usage,emotion,pixels", "\ufeffUsage,emotion,pixels", '\ufeff"Usage",emotion,pixels']
)
def test_a_column_usage_is_recognized_after_a_byte_order_mark(header: str, tmp_path: Path) -> None:
    rows = rows_of(write_csv(tmp_path / "a.csv", "Training,1,0", "PublicTest,2,0", header=header))
    assert emotions(rows) == ["1"]


def test_usages_are_matched_in_upper_and_lower_case(tmp_path: Path) -> None:
    usages = ("training", "TRAINING", '"Training"', " Training ", "publictest", "PRIVATETEST")
    path = write_csv(
        tmp_path / "a.csv", *(f"{i},0,{usage}" for i, usage in enumerate(usages)), header="emotion,pixels,Usage"
    )
    assert emotions(rows_of(path)) == ["0", "1", "2", "3"]
    assert emotions(rows_of(path, frozenset({"PublicTest"}))) == ["4"]


def test_every_usage_that_is_left_out_is_counted(tmp_path: Path) -> None:
    usages = ["Training"] * 2 + ["PublicTest"] * 3 + ["privatetest"] * 4
    rows = rows_of(write_csv(tmp_path / "a.csv", *(f"0,0,{usage}" for usage in usages), header="emotion,pixels,Usage"))
    for _ in range(2):
        assert len(list(rows)) == 2
        assert rows.left_out == {"PublicTest": 3, "PrivateTest": 4}
    assert left_out_text(rows.left_out) == "left out: 3 PublicTest, 4 PrivateTest"


def test_values_that_are_not_usages_are_an_error_that_names_and_counts_them(tmp_path: Path) -> None:
    usages = ["Training"] * 2 + ["Train"] * 3 + ["validation"]
    path = write_csv(tmp_path / "a.csv", *(f"0,0,{usage}" for usage in usages), header="emotion,pixels,Usage")
    with pytest.raises(
        ValueError,
        match=r"a\.csv: the column Usage .* not Training, PublicTest, PrivateTest: 'Train' in 3 rows, 'valid",
    ):
        list(rows_of(path))
    assert len(list(rows_of(path, None))) == 6


def test_many_different_values_that_are_not_usages_are_counted_beyond_the_first_ten(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "a.csv", *(f"0,0,x{i}" for i in range(13)), header="emotion,pixels,Usage")
    with pytest.raises(ValueError, match="and 3 other values"):
        list(rows_of(path))


@pytest.mark.parametrize("row", ["5,0,", "5,0", "5"])
def test_a_row_without_a_usage_is_marked(row: str, tmp_path: Path) -> None:
    rows = list(rows_of(write_csv(tmp_path / "a.csv", "4,0,Training", row, header="emotion,pixels,Usage")))
    assert [row.usage_is_missing for row in rows] == [False, True]
    assert rows[1].line == 3


def test_blank_lines_are_rows_unless_they_are_at_the_end(tmp_path: Path) -> None:
    rows = rows_of(
        write_csv(tmp_path / "a.csv", "1,0,Training", "", "2,0,Training", "", "  ", ",,", header="emotion,pixels,Usage")
    )
    assert [(row.line, row.fields[0]) for row in rows] == [(2, "1"), (3, ""), (4, "2")]


def test_a_quoted_field_may_contain_commas(tmp_path: Path) -> None:
    path = write_csv(
        tmp_path / "a.csv", '1,"[1, 2, 3]",Training', '2,"[1, 2]",PublicTest', header="emotion,pixels,Usage"
    )
    rows = rows_of(path)
    assert [list(row.fields) for row in rows] == [["1", "[1, 2, 3]"]]
    assert rows.left_out == {"PublicTest": 1}


def test_the_error_about_a_missing_column_shows_how_the_file_begins(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "a.csv", header="emotion;pixels;Usage")
    with pytest.raises(
        ValueError, match=r"a\.csv: the first line has no column 'emotion', it begins with 'emotion;pixels"
    ):
        list(rows_of(path))
