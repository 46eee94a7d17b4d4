"""A job starts from a file of weights, on this machine and on SageMaker."""

import dataclasses
from pathlib import Path

import pytest

from tests.training.small_recipe import small_recipe
from training.jobs.recipe import Recipe
from training.jobs.start_weights import require_weights_channel, with_local_weights


def with_channel(recipe: Recipe) -> Recipe:
    return dataclasses.replace(recipe, channels={**recipe.channels, "weights": "weights/"})


def test_the_script_gets_the_whole_path_of_a_file_on_this_machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "resnet18.pth").touch()
    monkeypatch.chdir(tmp_path)
    recipe = with_local_weights(small_recipe(**{"start-from": "resnet18.pth"}))
    assert recipe.hyperparameters["start-from"] == str(tmp_path / "resnet18.pth")


def test_a_file_that_is_not_there_is_refused_before_the_job_starts() -> None:
    with pytest.raises(ValueError, match=r"start-from=resnet18.pth: there is no such file of weights on this machine"):
        with_local_weights(small_recipe(**{"start-from": "resnet18.pth"}))


def test_a_job_on_sagemaker_needs_a_channel_with_the_file() -> None:
    recipe = small_recipe(**{"start-from": "weights/resnet18.pth"})
    with pytest.raises(ValueError, match=r"start-from=resnet18.pth: a job on SageMaker reads weights from a channel"):
        require_weights_channel(recipe)
    require_weights_channel(with_channel(recipe))
    assert with_local_weights(with_channel(recipe)) == with_channel(recipe)


def test_a_job_from_random_weights_needs_neither() -> None:
    require_weights_channel(small_recipe())
    assert with_local_weights(small_recipe()) == small_recipe()
