"""A training starts from the file that is served, into which the normalisations are folded."""

import dataclasses
import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import inference
from arguments import parse_arguments
from faces import read_both
from processes import Processes
from resnet import ResNet
from start import initial_state, read_weights
from tests.training.drawn_shapes import QUICK, Trained, train, write_shapes
from training.quantization.static import quantize_model
from weights import UnusableWeights

FOLDERS = ["--train=a", "--validation=b", "--model-dir=c"]


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("served")


@pytest.fixture(scope="module")
def trained(root: Path) -> Trained:
    """A network with two passes, which the file names twice and stores once."""
    write_shapes(root)
    return train(root, {**QUICK, "epochs": 12, "learning-rate": 0.05, "flip": 1, "standardize": 1})


def started(trained: Trained, root: Path, *options: str) -> ResNet:
    data = read_both(root / "train", root / "validation")
    start = read_weights(trained.folder / "model.onnx")
    small = ["--batch-size=8", "--epochs=1"]
    state = initial_state(parse_arguments([*FOLDERS, *small, *options]), data, start, Processes.join())
    assert isinstance(state.network, ResNet)
    return state.network


def test_the_network_is_the_served_one_as_deep_and_wide_and_standardizes_as_it_did(
    trained: Trained, root: Path
) -> None:
    start = read_weights(trained.folder / "model.onnx")
    assert (start.name, start.classes, start.stem_stride) == ("model.onnx", ("circle", "square", "triangle"), 2)
    network = started(trained, root, "--depth=34", "--width=64")
    assert (network.standardize, network.stem[0].out_channels) == (True, QUICK["width"])


@pytest.mark.parametrize(("own", "chosen", "stride"), [(1, 1, 1), (1, 2, 2), (2, 1, 2), (2, 2, 2)])
def test_its_resolution_can_be_lowered_and_not_raised(
    own: int, chosen: int, stride: int, trained: Trained, root: Path
) -> None:
    data = read_both(root / "train", root / "validation")
    start = dataclasses.replace(read_weights(trained.folder / "model.onnx"), stem_stride=own)
    options = parse_arguments([*FOLDERS, "--batch-size=8", "--epochs=1", f"--stem-stride={chosen}"])
    state = initial_state(options, data, start, Processes.join())
    assert isinstance(state.network, ResNet)
    assert (state.network.stem_stride, state.network.stem[0].stride) == (stride, (stride, stride))


def test_it_computes_what_the_trained_weights_compute(trained: Trained, root: Path) -> None:
    images = torch.randn(16, 1, 48, 48, generator=torch.Generator().manual_seed(0))
    served = started(trained, root).eval()
    original = ResNet(3, QUICK["depth"], QUICK["width"], 2, standardize=True).eval()
    original.load_state_dict(torch.load(trained.folder / "model.pt", weights_only=True)["weights"])
    with torch.inference_mode():
        assert torch.allclose(served(images), original(images), atol=1e-3)


def test_weights_of_8_bit_integers_are_nearly_those_that_they_were_made_from(
    trained: Trained, root: Path, tmp_path: Path
) -> None:
    data = read_both(root / "train", root / "validation").train.images
    quantize_model(trained.folder, data.numpy(), 16, 0, tmp_path, "a command")
    before, after = (read_weights(folder / "model.onnx").weights for folder in (trained.folder, tmp_path))
    for name, weights in before.items():
        assert torch.allclose(after[name].float(), weights.float(), atol=0.02 * weights.abs().max().item()), name


def test_its_normalisations_change_nothing_of_what_comes_in(trained: Trained, root: Path) -> None:
    """In a training, they normalise by the statistics of a batch, and not by stored ones."""
    network = started(trained, root, "--dropout=0")
    data = read_both(root / "train", root / "validation")
    images = (data.train.images.unsqueeze(1).float() - data.normalisation[0][0]) / data.normalisation[1][0]
    with torch.inference_mode():
        of_batch, stored = network.train()(images), network.eval()(images)
    assert (of_batch - stored).abs().mean() < 0.05 * stored.std()


def test_outputs_that_learn_votes_are_added_behind_those_of_the_classes(trained: Trained, root: Path) -> None:
    data = read_both(root / "train", root / "validation")
    start = read_weights(trained.folder / "model.onnx")
    network = started(trained, root)
    assert torch.equal(network.classifier.bias, start.weights["classifier.bias"])
    assert len(network.classifier.bias) == len(data.train.classes)


def test_a_training_from_it_begins_as_good_as_it_was(trained: Trained, root: Path, tmp_path: Path) -> None:
    shutil.copytree(root / "train", tmp_path / "train")
    shutil.copytree(root / "validation", tmp_path / "validation")
    options = {**QUICK, "epochs": 1, "learning-rate": 0.0001, "start-from": trained.folder / "model.onnx"}
    continued = train(tmp_path, options)
    [row] = continued.history
    best = max(one["validation_accuracy"] for one in trained.history)
    assert row["validation_accuracy"] >= best - 0.1
    content = json.loads((continued.folder / "model.json").read_text())
    assert content["training"]["hyperparameters"]["start_from"] == "model.onnx"
    with np.load(root / "validation/faces.npz") as arrays:
        rows = inference.probabilities(arrays["images"], inference.model_fn(str(continued.folder)))
    assert np.allclose(rows.sum(1), 1, atol=1e-4)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda folder: (folder / "model.json").unlink(), "model.json is missing"),
        (lambda folder: (folder / "model.onnx").write_bytes(b"damaged"), "is no model that train.py has written"),
        (lambda folder: (folder / "model.json").write_text("{}"), "is no model that train.py has written"),
        (lambda folder: set_width(folder, 16), "is no model that train.py has written"),
        (lambda folder: (folder / "model.onnx").unlink(), "there is no such file"),
    ],
)
def test_another_file_is_an_error_that_names_it(change: Any, sentence: str, trained: Trained, tmp_path: Path) -> None:
    folder = tmp_path / "model"
    shutil.copytree(trained.folder, folder)
    change(folder)
    with pytest.raises(UnusableWeights, match=sentence):
        read_weights(folder / "model.onnx")


def set_width(folder: Path, width: int) -> None:
    content = json.loads((folder / "model.json").read_text())
    content["training"]["hyperparameters"]["width"] = width
    (folder / "model.json").write_text(json.dumps(content))
