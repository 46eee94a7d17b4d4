"""Without --data, a job on this machine trains on the only data that was prepared."""

from pathlib import Path

import pytest

from training.jobs.prepared_data import find_data
from training.jobs.recipe_file import load_recipe

RECIPE = load_recipe("resnet")


def prepare(folder: Path) -> None:
    for channel in ("train", "validation"):
        (folder / channel).mkdir(parents=True)


def test_the_only_prepared_folder_is_taken(tmp_path: Path) -> None:
    (tmp_path / "jobs/mien-resnet-1/checkpoints").mkdir(parents=True)
    prepare(tmp_path / "shapes")
    assert find_data(RECIPE, tmp_path) == tmp_path / "shapes"


def test_no_folder_is_taken_silently_if_there_are_several(tmp_path: Path) -> None:
    prepare(tmp_path / "fer2013")
    prepare(tmp_path / "shapes")
    with pytest.raises(ValueError, match=r"fer2013 and .*shapes have prepared data: choose one with --data"):
        find_data(RECIPE, tmp_path)


def test_without_a_prepared_folder_the_error_names_the_command(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"no folder below .* has prepared data: make it with `python -m training"):
        find_data(RECIPE, tmp_path / "build")
