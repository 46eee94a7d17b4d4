"""Predictions as CSV: programs read them, and spreadsheets run nothing of them."""

import csv
from pathlib import Path

import numpy as np

from training.evaluation.predictions import write_predictions

ROWS = np.array([[0.25, 0.75], [0.5, 0.5]], np.float32)


def read(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8-sig") as file:
        return list(csv.DictReader(file))


def test_each_image_has_its_label_its_prediction_and_all_probabilities(tmp_path: Path) -> None:
    path = tmp_path / "new" / "predictions.csv"
    write_predictions(path, "file", ["dog/a, b.png", "cat/ü.png"], np.array([1, 0]), ROWS, ["cat", "label"])
    assert read(path) == [
        {
            **{"file": "dog/a, b.png", "label": "label", "predicted": "label", "confidence": "0.750000"},
            **{"p_cat": "0.250000", "p_label": "0.750000"},
        },
        {
            **{"file": "cat/ü.png", "label": "cat", "predicted": "cat", "confidence": "0.500000"},
            **{"p_cat": "0.500000", "p_label": "0.500000"},
        },
    ]


def test_no_cell_is_a_formula(tmp_path: Path) -> None:
    names = ["=1+1.png", "-2.png"]
    write_predictions(tmp_path / "p.csv", "file", names, np.array([0, 1]), ROWS, ["@sum", "+1"])
    for row in read(tmp_path / "p.csv"):
        assert not any(cell.startswith(("=", "+", "-", "@")) for cell in [*row.keys(), *row.values()])


def test_a_file_whose_name_is_not_utf_8_is_written_with_escapes(tmp_path: Path) -> None:
    write_predictions(tmp_path / "p.csv", "file", ["\udcff.png", "b.png"], np.array([0, 1]), ROWS, ["a", "b"])
    assert read(tmp_path / "p.csv")[0]["file"] == "\\udcff.png"
