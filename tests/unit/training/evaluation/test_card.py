"""The model card states only what is known of this model and this data, and what was checked."""

import copy
import json
import shlex
from typing import Any

import pytest

from local.paths import MODEL
from training.evaluation.card import card
from training.jobs.recipe_file import load_recipe, override_recipe, parse_value

# A model of 32-bit floats.
PLAIN = MODEL / "teacher"


@pytest.fixture
def figures() -> dict[str, Any]:
    measured: dict[str, Any] = json.loads((PLAIN / "public_test.json").read_text())
    return measured


@pytest.fixture
def contract() -> dict[str, Any]:
    described: dict[str, Any] = json.loads((PLAIN / "model.json").read_text())
    return described


@pytest.fixture
def fruit(figures: dict[str, Any], contract: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Figures and model.json of a model of three fruits, trained on a folder of images."""
    figures["source"] = {"name": "fruit/test", "relation": "unknown"}
    figures["command"] = "python -m training evaluate fruit/test --model JOB"
    figures["duplicates"] = {"within": {"images": 0, "contradictory": 0}, "training": None, "trained_on": None}
    rows = list(figures["classes"].values())[:3]
    labels = ["apple", "pear", "red|orange"]
    figures["classes"] = dict(zip(labels, rows, strict=True))
    contract |= {"labels": labels, "faces": "whole"}
    contract["input"] |= {"size": 64, "color": "rgb", "layout": "NHWC"}
    contract["data"] = {
        "source": {"kind": "folder", "name": "fruit"},
        "options": {"keep_duplicates": False},
        "command": "python -m training prepare fruit --size 64 --color rgb",
        "labels": labels,
        "counts": {"train": dict.fromkeys(labels, 1200), "validation": {"apple": 30, "pear": 30}},
    }
    return figures, contract


def one_line(text: str) -> str:
    return " ".join(text.split())


def test_it_claims_no_exclusion_if_the_training_set_was_not_checked(
    figures: dict[str, Any], contract: dict[str, Any]
) -> None:
    figures["duplicates"]["trained_on"] = None
    text = one_line(card(figures, contract))
    assert "280 test faces are also in the training CSV" in text
    assert "excluded from the training" not in text


def test_it_claims_exclusion_if_no_test_face_is_in_the_training_set(
    figures: dict[str, Any], contract: dict[str, Any]
) -> None:
    text = one_line(card(figures, contract))
    assert "None of the test faces are among them with the same pixels" in text
    assert "They were excluded from the training" in text


def test_it_counts_test_faces_that_are_in_the_training_set(figures: dict[str, Any], contract: dict[str, Any]) -> None:
    figures["duplicates"]["trained_on"]["found"] = 2
    text = one_line(card(figures, contract))
    assert "2 of the test faces are among them with the same pixels" in text
    assert "excluded from the training" not in text


def test_it_omits_the_training_csv_if_none_was_compared(figures: dict[str, Any], contract: dict[str, Any]) -> None:
    figures["duplicates"]["training"] = None
    assert "training CSV" not in card(figures, contract)


def test_its_lines_fit_the_page(figures: dict[str, Any], contract: dict[str, Any]) -> None:
    assert max(len(line) for line in card(figures, contract).splitlines()) <= 120


def test_it_says_nothing_of_faces_or_fer2013_about_other_images(
    fruit: tuple[dict[str, Any], dict[str, Any]],
) -> None:
    text = card(*fruit)
    for word in ("face", "FER2013", "emotion", "expression", "AI Act", "people"):
        assert word not in text.replace("`faces`", ""), word
    assert "A ResNet for color images of 64x64 pixels, with 3 labels." in one_line(text)
    assert "uint8 `[n, 64, 64, 3]`" in one_line(text)


def test_it_has_the_counts_of_the_data_and_the_commands_that_repeat_the_run(
    fruit: tuple[dict[str, Any], dict[str, Any]],
) -> None:
    text = card(*fruit)
    assert "The data is the folder fruit, with a folder of images per class." in one_line(text)
    assert "3,600 images were for training, and 60 were held out." in one_line(text)
    assert "| red\\|orange | 1,200 | 0 |" in text
    assert "    python -m training prepare fruit --size 64 --color rgb\n" in text
    assert "    python -m training launch resnet --local --data build/fruit --set averaging=0.999 --set" in text
    assert text.endswith("    python -m training evaluate fruit/test --model JOB\n")


def test_its_command_trains_with_the_same_hyperparameters(figures: dict[str, Any], contract: dict[str, Any]) -> None:
    block = card(figures, contract).partition("    python -m training launch")[2].partition("    python -m")[0]
    words = shlex.split(block.replace("\\\n", ""))
    assignments = [word.partition("=") for word in words if "=" in word]
    recipe = override_recipe(load_recipe(words[0]), {name: parse_value(value) for name, _, value in assignments})
    expected = {name.replace("_", "-"): value for name, value in contract["training"]["hyperparameters"].items()}
    assert recipe.hyperparameters == expected


def test_it_names_the_weights_that_the_training_started_from(fruit: tuple[dict[str, Any], dict[str, Any]]) -> None:
    figures, contract = fruit
    contract["training"]["start_from"] = {"file": "resnet18.pt", "sha256": "0"}
    text = one_line(card(figures, contract))
    assert "It started from the weights in resnet18.pt." in text
    assert "--set start-from=resnet18.pt" in text


def test_it_has_the_command_that_made_the_soft_labels(fruit: tuple[dict[str, Any], dict[str, Any]]) -> None:
    figures, contract = fruit
    contract["training"]["soft_labels"] = {"teachers": [{"name": "wide"}, {"name": "deep"}], "copies": 8, "seed": 1}
    assert "python -m training soft-labels build/" in one_line(card(figures, contract))
    assert "wide deep --copies 8 --seed 1" in one_line(card(figures, contract))


def test_a_command_that_cannot_be_read_is_shown_as_it_is(fruit: tuple[dict[str, Any], dict[str, Any]]) -> None:
    figures, contract = fruit
    contract["data"]["command"] = "prepare it's"
    assert "\n    prepare it's\n" in card(figures, contract)


def test_it_says_that_nothing_is_known_of_the_data_of_a_model_from_elsewhere(
    fruit: tuple[dict[str, Any], dict[str, Any]],
) -> None:
    figures, contract = fruit
    for name in ("data", "training", "network", "calibration"):
        contract.pop(name)
    text = one_line(card(figures, contract))
    assert "A model for color images of 64x64 pixels" in text
    assert "`model.json` does not say which data the model was trained on." in text
    for claim in ("ResNet", "The training used", "launch", "is calibrated", "Normalisation is inside"):
        assert claim not in text


@pytest.mark.parametrize("words", ["ImageNet", {"source": "ImageNet"}, {"source": {"kind": "folder"}}, ["a"], 7])
def test_a_model_from_elsewhere_can_describe_its_data_and_its_training_in_any_form(
    fruit: tuple[dict[str, Any], dict[str, Any]], words: Any
) -> None:
    figures, contract = fruit
    contract |= {"data": words, "training": words, "calibration": words, "network": words}
    text = one_line(card(figures, contract))
    assert "`model.json` describes the data in its own words, which were not checked." in text
    assert "The training used" not in text
    assert "is calibrated" not in text


def test_it_names_what_the_server_computes_for_a_model_from_elsewhere(
    fruit: tuple[dict[str, Any], dict[str, Any]],
) -> None:
    figures, contract = fruit
    contract["input"] |= {"dtype": "float32", "layout": "NCHW"}
    contract["output"] = {"name": "scores", "values": "logits"}
    text = one_line(card(figures, contract))
    assert "reads `faces`, float32 `[n, 3, 64, 64]`, and returns `scores`, logits" in text
    assert "The server turns them into probabilities with softmax." in text


@pytest.mark.parametrize("recalls", [(0.5, 0.75, None), (0.5, 0.5, 0.5)])
def test_it_names_no_best_and_worst_class_of_two_or_of_equal_ones(
    fruit: tuple[dict[str, Any], dict[str, Any]], recalls: tuple[float | None, ...]
) -> None:
    figures, contract = fruit
    assert "best and" in card(figures, contract)
    figures = copy.deepcopy(figures)
    for row, recall in zip(figures["classes"].values(), recalls, strict=True):
        row |= {"recall": recall or 0.0, "images": 10 if recall else 0}
    assert "best and" not in card(figures, contract)


def test_it_says_by_what_the_epoch_was_chosen(figures: dict[str, Any], contract: dict[str, Any]) -> None:
    text = one_line(card(figures, contract))
    assert "its accuracy is 0.7033, and its epoch was chosen by its accuracy on them." in text
    contract["training"] |= {"validation_balanced_accuracy": 0.65}
    contract["training"]["hyperparameters"] |= {"best_by": "balanced_accuracy"}
    text = one_line(card(figures, contract))
    assert "0.7033, its balanced accuracy 0.6500, and its epoch was chosen by its balanced accuracy on them." in text


def test_it_names_no_top_2_accuracy_of_two_classes(fruit: tuple[dict[str, Any], dict[str, Any]]) -> None:
    figures, contract = fruit
    assert "top-2 accuracy" in one_line(card(figures, contract))
    figures["classes"].pop("apple")
    assert "top-2" not in card(figures, contract)


@pytest.mark.parametrize(
    ("relation", "sentence"),
    [
        ("trained", "The model was trained on these images: the figures do not show how it does on new ones."),
        ("held_out", "The model was not trained on these images, but the epoch with the best figures on them was"),
    ],
)
def test_it_says_that_the_model_knows_the_images(
    fruit: tuple[dict[str, Any], dict[str, Any]], relation: str, sentence: str
) -> None:
    figures, contract = fruit
    figures["source"]["relation"] = relation
    assert sentence in one_line(card(figures, contract))


def test_labels_of_emotions_bring_the_law_whatever_the_data(fruit: tuple[dict[str, Any], dict[str, Any]]) -> None:
    figures, contract = fruit
    contract["labels"] = ["Happy", "Sad", "other"]
    text = one_line(card(figures, contract))
    assert "the EU AI Act (Regulation (EU) 2024/1689)" in text
    assert "FER2013" not in text


def test_it_says_that_a_model_was_quantized(figures: dict[str, Any], contract: dict[str, Any]) -> None:
    assert "quantized" not in card(figures, contract)
    command = "python -m training quantize models --data build/fer2013 --output build/int8"
    contract["quantization"] = {"from": "c002e8409f32", "images": 512, "command": command}
    text = one_line(card(figures, contract))
    assert "It computes with 8-bit integers: `quantize` made it of c002e8409f32, with 512 of its images." in text
    assert "held-out faces of the training data, before it was quantized, its accuracy is 0.7033" in text
    assert "calibrated on the held-out faces, before the model was quantized." in text
    assert f"    {command}\n" in card(figures, contract)


@pytest.mark.parametrize("words", ["int8", {"from": 7, "images": "many"}, ["a"]])
def test_a_model_from_elsewhere_can_describe_its_quantization_in_any_form(
    figures: dict[str, Any], contract: dict[str, Any], words: Any
) -> None:
    contract["quantization"] = words
    assert "It computes with 8-bit integers" not in card(figures, contract)
