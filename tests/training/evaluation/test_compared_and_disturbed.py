"""`python -m training evaluate` with --against and --robustness."""

import json
from pathlib import Path

from tests.training.evaluation.test_evaluate import LEVELS, evaluate, images, refusal, write_folder
from tests.training.evaluation.tiny_models import write_model
from training.data.writers import write_arrays


def test_two_models_are_compared_image_by_image(tmp_path: Path) -> None:
    write_arrays(images(), tmp_path / "data" / "validation")
    model = write_model(tmp_path / "model", LEVELS)
    # It takes bright images for gray ones.
    other = write_model(tmp_path / "other", {"bright": 255, "gray": 190, "dark": 40}, version="worse")
    arguments = (tmp_path / "data", "--model", model, "--against", other)
    printed = evaluate(*arguments, "--report", tmp_path / "report")
    assert "against worse, image by image" in printed
    against = json.loads((tmp_path / "report" / "data.json").read_text())["against"]
    missed = against["only_right"][0]
    assert missed > 0
    assert against["only_right"][1] == 0
    assert f"only this model is right on {missed} images, only the other on 0" in printed
    assert against["accuracy"]["difference"] == round(missed / 30, 4)
    assert against["log_loss"]["difference"] < 0
    assert "--against other" in json.loads((tmp_path / "report" / "data.json").read_text())["command"]


def test_models_of_different_sizes_are_compared_on_the_same_files(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "grays", images(9, 100, color=True))
    model = write_model(tmp_path / "model", LEVELS)
    other = write_model(tmp_path / "other", LEVELS, size=64, layout="NCHW", dtype="float32", values="logits")
    printed = evaluate(folder, "--model", model, "--against", other)
    assert "accuracy of the other 1.0000, difference +0.0000 (standard error 0.0000)" in printed


def test_models_of_different_classes_are_not_compared(tmp_path: Path) -> None:
    write_arrays(images(), tmp_path / "data" / "validation")
    model = write_model(tmp_path / "model", LEVELS)
    other = write_model(tmp_path / "other", {"dark": 40, "black": 0})
    assert "The model lacks gray, bright." in refusal(tmp_path / "data", "--model", model, "--against", other)


def test_the_accuracy_on_disturbed_images_is_printed_and_written(tmp_path: Path) -> None:
    write_arrays(images(), tmp_path / "data" / "validation")
    model = write_model(tmp_path / "model", LEVELS)
    printed = evaluate(tmp_path / "data", "--model", model, "--robustness", "--report", tmp_path / "report")
    # Only the class dark is left of three.
    assert "dark gray levels x 0.1 0.3333 ± 0.0861 -0.6667 ± 0.0861" in printed
    # The mean of an image does not change when the image is turned around its center, but for its noise.
    assert "turned by 5 degrees 1.0000 ± 0.0000 +0.0000 ± 0.0000" in printed
    assert "## Robustness" in (tmp_path / "report" / "README.md").read_text()
    figures = json.loads((tmp_path / "report" / "data.json").read_text())
    assert figures["robustness"][0]["accuracy"] == figures["accuracy"]
    assert "--robustness" in figures["command"]
