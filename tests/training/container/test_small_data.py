"""The recipe of the committed model, as it is, learns a small data set of other classes."""

from pathlib import Path

from tests.training.drawn_shapes import train, write_shapes
from training.jobs.recipe_file import load_recipe


def test_the_recipe_as_it_is_learns_three_classes_from_320_images(tmp_path: Path) -> None:
    write_shapes(tmp_path, train=320, validation=80)
    trained = train(tmp_path, load_recipe("resnet").hyperparameters, threads=2)
    assert "the data has no votes, so --votes is not used" in trained.printed
    accuracies = [row["validation_accuracy"] for row in trained.history]
    assert max(accuracies) >= 0.95, accuracies
