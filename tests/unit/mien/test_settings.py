"""The functions' environment variables."""

import os
from pathlib import Path

import pytest

from local.paths import DETECTOR
from mien.settings import find_detector, read_settings


def test_the_template_sets_all_variables_that_the_functions_read() -> None:
    assert read_settings(os.environ).inbox_prefix == "inbox/"


@pytest.mark.parametrize("name", ["ENDPOINT_NAME", "RESULTS_PREFIX"])
def test_a_missing_variable_is_named(name: str) -> None:
    with pytest.raises(KeyError, match=name):
        read_settings({**os.environ, name: ""})


def test_a_wrong_value_is_named() -> None:
    with pytest.raises(ValueError, match="ENDPOINT_INPUT is 'both', not one of batch, image"):
        read_settings({**os.environ, "ENDPOINT_INPUT": "both"})


def test_the_detector_is_found_on_pythons_path() -> None:
    assert find_detector() == DETECTOR


def test_the_first_folder_with_the_detector_counts(tmp_path: Path) -> None:
    folders = [tmp_path / name for name in ("empty", "first", "second")]
    for folder in folders:
        folder.mkdir()
    for folder in folders[1:]:
        (folder / "detector.onnx").touch()
    assert find_detector(os.environ, [str(folder) for folder in folders]) == tmp_path / "first" / "detector.onnx"


def test_an_absolute_path_names_another_detector(tmp_path: Path) -> None:
    own = tmp_path / "own.onnx"
    own.touch()
    assert find_detector({"DETECTOR": str(own)}) == own


def test_a_missing_detector_is_named() -> None:
    with pytest.raises(FileNotFoundError, match=r"other\.onnx is in no folder of Python's path"):
        find_detector({"DETECTOR": "other.onnx"})
    with pytest.raises(KeyError, match="DETECTOR"):
        find_detector({})
