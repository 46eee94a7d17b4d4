"""`python -m training evaluate` with models and data of any classes, sizes and colors."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image

from tests.support.fer2013 import random_faces, run_training, write_faces_csv
from tests.training.evaluation.tiny_models import write_model
from training.data.labelled_images import LabelledImages
from training.data.writers import write_arrays

LEVELS = {"dark": 40, "gray": 128, "bright": 215}


def images(count: int = 30, size: int = 48, color: bool = False) -> LabelledImages:
    """Noise around the gray level of each class, in turn."""
    random = np.random.default_rng(1)
    labels = np.arange(count) % len(LEVELS)
    shape = (count, size, size, 3) if color else (count, size, size)
    noise = random.integers(-30, 30, shape)
    levels = np.array(list(LEVELS.values()))[labels].reshape(-1, *([1] * (len(shape) - 1)))
    return LabelledImages((noise + levels).astype(np.uint8), labels, list(LEVELS))


def write_folder(folder: Path, data: LabelledImages) -> Path:
    """Writes images as PNG files, a folder per class."""
    for index, (image, label) in enumerate(zip(data.images, data.labels, strict=True)):
        path = folder / data.classes[label] / f"{index}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(path)
    return folder


def evaluate(*arguments: object) -> str:
    """Returns what the command prints, without the breaks of lines."""
    result = run_training("evaluate", *arguments)
    assert result.returncode == 0, result.stderr
    return " ".join(result.stdout.split())


def refusal(*arguments: object) -> str:
    """Returns the sentence with which the command refuses."""
    result = run_training("evaluate", *arguments)
    assert result.returncode == 1
    assert "Traceback" not in result.stderr
    return " ".join(result.stderr.split())


def test_the_same_classes_in_another_order_are_matched_by_name(tmp_path: Path) -> None:
    write_arrays(images(), tmp_path / "data" / "validation")
    backwards = dict(reversed(LEVELS.items()))
    model = write_model(tmp_path / "model", backwards)
    printed = evaluate(tmp_path / "data", "--model", model, "--predictions", tmp_path / "p.csv")
    assert "accuracy 1.0000" in printed
    assert "bright 10 1.000 1.000 1.000" in printed
    table = pd.read_csv(tmp_path / "p.csv")
    assert list(table.columns) == ["row", "label", "predicted", "confidence", "p_bright", "p_gray", "p_dark"]
    assert (table.label == table.predicted).all()
    assert table.label.tolist() == list(LEVELS) * 10
    assert np.allclose(table.filter(like="p_").sum(axis=1), 1, atol=1e-5)
    assert table.row.tolist() == list(range(1, 31))


@pytest.mark.parametrize(
    ("size", "layout", "dtype", "values"),
    [(64, "NHW", "uint8", "logits"), (64, "NHWC", "uint8", "probabilities"), (224, "NCHW", "float32", "logits")],
)
def test_a_model_of_any_size_color_layout_and_type_is_measured(
    tmp_path: Path, size: int, layout: str, dtype: str, values: str
) -> None:
    write_arrays(images(12, size, color=layout != "NHW"), tmp_path / "data" / "validation")
    model = write_model(tmp_path / "model", LEVELS, size=size, layout=layout, dtype=dtype, values=values)
    assert "accuracy 1.0000" in evaluate(tmp_path / "data", "--model", model)


def test_a_folder_of_images_is_read_as_the_functions_read_it(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "grays", images(9, 100, color=True))
    model = write_model(tmp_path / "model", LEVELS, size=32, layout="NCHW", dtype="float32", values="logits")
    printed = evaluate(folder, "--model", model, "--predictions", tmp_path / "p.csv")
    assert "accuracy 1.0000 (95%: 0.701 to 1.000) on 9 images" in printed
    table = pd.read_csv(tmp_path / "p.csv")
    assert sorted(table.file) == sorted(f"{label}/{index}.png" for index, label in enumerate(list(LEVELS) * 3))
    assert all(file.startswith(f"{label}/") for file, label in zip(table.file, table.label, strict=True))


def test_of_a_folder_that_is_split_the_images_for_validation_are_measured(tmp_path: Path) -> None:
    write_folder(tmp_path / "grays" / "train", images(12))
    write_folder(tmp_path / "grays" / "validation", images(6))
    assert "on 6 images" in evaluate(tmp_path / "grays", "--model", write_model(tmp_path / "model", LEVELS))


def test_images_that_cannot_be_read_are_listed_or_counted(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "grays", images(6))
    (folder / "dark" / "broken.png").write_bytes(b"\x89PNG")
    model = write_model(tmp_path / "model", LEVELS)
    assert "dark/broken.png" in refusal(folder, "--model", model)
    evaluate(folder, "--model", model, "--skip-bad", "--report", tmp_path / "report")
    assert json.loads((tmp_path / "report" / "grays.json").read_text())["unread"] == 1
    assert "1 more file was not measured" in " ".join((tmp_path / "report" / "README.md").read_text().split())


def test_images_without_a_face_are_left_out_for_a_model_of_faces(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "grays", images(6, 200))
    model = write_model(tmp_path / "model", LEVELS, faces="find")
    assert "face" in refusal(folder, "--model", model)


def test_it_says_that_a_model_was_trained_on_a_folder_of_the_same_name(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "grays", images(9))
    data = {"source": {"kind": "folder", "name": "grays"}, "sha256": {"train": "0", "validation": "1"}}
    model = write_model(tmp_path / "model", LEVELS, data=data)
    assert "The model was trained on images of a folder with this name" in evaluate(folder, "--model", model)


def test_a_folder_of_other_classes_is_refused_before_its_images_are_read(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "grays", images(9))
    (folder / "dark" / "0.png").write_bytes(b"no image")
    model = write_model(tmp_path / "model", {"dark": 40, "black": 0})
    assert "The model lacks bright, gray. The data lacks black." in refusal(folder, "--model", model)


@pytest.mark.filterwarnings("ignore:.*torch.jit:DeprecationWarning")
def test_a_torchscript_model_is_measured(tmp_path: Path) -> None:
    write_arrays(images(6, 64, color=True), tmp_path / "data" / "validation")
    shape = {"size": 64, "color": "rgb", "layout": "NCHW", "dtype": "float32"}
    changes: dict[str, Any] = {"file": "model.pt", "input": shape, "output": {"values": "logits"}}
    model = write_model(tmp_path / "model", LEVELS, **changes)
    levels = torch.tensor(list(LEVELS.values())) / 255
    example = torch.zeros(1, 3, 64, 64)
    network = torch.jit.trace(lambda pixels: -100 * (pixels.mean(dim=(1, 2, 3))[:, None] - levels) ** 2, example)
    network.save(str(model / "model.pt"))
    assert "accuracy 1.0000" in evaluate(tmp_path / "data", "--model", model / "model.pt")


def test_a_model_of_other_classes_is_refused_with_both_lists(tmp_path: Path) -> None:
    write_arrays(images(), tmp_path / "data" / "validation")
    model = write_model(tmp_path / "model", {"dark": 40, "black": 0})
    text = refusal(tmp_path / "data", "--model", model)
    assert "the model's are dark, black; the data's are dark, gray, bright." in text
    assert "The model lacks gray, bright. The data lacks black." in text


def test_the_csv_of_fer2013_is_refused_for_a_model_of_other_classes_before_it_is_read(tmp_path: Path) -> None:
    (tmp_path / "test.csv").write_text("not even the header of FER2013")
    model = write_model(tmp_path / "model", LEVELS)
    text = refusal(tmp_path / "test.csv", "--model", model)
    assert "The model lacks angry, disgust, fear, happy, sad, surprise, neutral." in text


def test_images_of_another_size_or_color_are_refused_with_the_options_that_fit(tmp_path: Path) -> None:
    write_arrays(images(), tmp_path / "data" / "validation")
    model = write_model(tmp_path / "model", LEVELS, size=64, layout="NHWC")
    assert "prepare the data with --size 64 --color rgb" in refusal(tmp_path / "data", "--model", model)


def test_it_says_that_a_model_was_trained_on_the_images_or_chosen_by_them(tmp_path: Path) -> None:
    data = tmp_path / "data"
    train, held_out = images(60)[np.arange(30)], images(60)[np.arange(30, 60)]
    hashes = {"train": train.sha256(), "validation": held_out.sha256()}
    for name, channel in (("train", train), ("validation", held_out)):
        write_arrays(channel, data / name)
    described = {"source": {"kind": "folder", "name": "grays"}, "sha256": hashes}
    (data / "data.json").write_text(json.dumps(described))
    model = write_model(tmp_path / "model", LEVELS, data=described)
    assert "The model was trained on these very images" in evaluate(data / "train", "--model", model)
    assert "These are the images by which the model's epoch was chosen" in evaluate(data, "--model", model)
    other = write_model(tmp_path / "other", LEVELS, data={"sha256": {"train": "0", "validation": "1"}})
    printed = evaluate(data, "--model", other)
    assert "the model was trained on other images than those beside these" in printed
    write_arrays(train, data / "validation")
    assert "has other images than its data.json describes" in refusal(data, "--model", model)


def test_the_csv_of_fer2013_is_measured_with_a_model_of_another_size_and_order(tmp_path: Path) -> None:
    faces = random_faces(14)
    csv = write_faces_csv(tmp_path / "test.csv", faces, "PublicTest")
    levels = {name: 30 * index for index, name in enumerate(reversed(faces.classes))}
    model = write_model(tmp_path / "model", levels, size=64, layout="NCHW", dtype="float32", values="logits")
    printed = evaluate(csv, "--model", model, "--report", tmp_path / "report")
    figures = json.loads((tmp_path / "report" / "test.json").read_text())
    assert list(figures["classes"]) == list(levels)
    assert all(row["images"] == 2 for row in figures["classes"].values())
    assert "14 images" in printed
    assert "--train compares pixels" in refusal(csv, "--model", model, "--train", csv)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"labels": ["one"]}, '"labels" has 1 names'),
        ({"labels": ["dark", "bright"]}, "3 outputs"),
        ({"output": {"name": "scores", "values": "logits"}}, "scores"),
        ({"input": None}, '"input"'),
    ],
)
def test_a_model_that_its_description_does_not_fit_is_refused_in_one_sentence(
    tmp_path: Path, change: dict[str, Any], sentence: str
) -> None:
    write_arrays(images(), tmp_path / "data" / "validation")
    model = write_model(tmp_path / "model", LEVELS, **change)
    text = refusal(tmp_path / "data", "--model", model)
    assert text.startswith(f"the model {model} can't be used: ")
    assert sentence in text


def test_a_damaged_network_is_refused_in_one_sentence(tmp_path: Path) -> None:
    write_arrays(images(), tmp_path / "data" / "validation")
    model = write_model(tmp_path / "model", LEVELS)
    (model / "model.onnx").write_bytes(b"no network")
    assert refusal(tmp_path / "data", "--model", model).startswith(f"the model {model} can't be used: ")


def test_the_plots_and_the_card_are_written_for_two_classes_and_for_many(tmp_path: Path) -> None:
    for count in (2, 60):
        levels = {f"class_{number}": 4 * number for number in range(count)}
        labels = np.arange(2 * count) % count
        pixels = (4 * labels)[:, None, None] + np.zeros((1, 48, 48), int)
        data = tmp_path / f"data-{count}"
        write_arrays(LabelledImages(pixels.astype(np.uint8), labels, list(levels)), data / "validation")
        model = write_model(tmp_path / f"model-{count}", levels)
        report = tmp_path / f"report-{count}"
        printed = evaluate(data, "--model", model, "--report", report, "--mistakes", report / "mistakes.png")
        assert {path.name for path in report.iterdir()} == {
            *("README.md", f"data-{count}.json", "confusion.png", "reliability.png", "mistakes.png")
        }
        assert ("confusions: a row per label" in printed) == (count == 2)
        assert "FER2013" not in (report / "README.md").read_text()
