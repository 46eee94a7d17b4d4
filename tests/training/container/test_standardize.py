"""A network that brings each image to the same brightness and contrast first."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

import inference
from arguments import parse_arguments
from checkpoint import hyperparameters_of
from resnet import ResNet, standardized
from tests.training.drawn_shapes import QUICK, train, write_shapes
from weights import read_start

FOLDERS = ["--train=a", "--validation=b", "--model-dir=c"]


@pytest.fixture
def images() -> torch.Tensor:
    return torch.randn(8, 3, 48, 48, generator=torch.Generator().manual_seed(0))


def test_each_image_has_mean_0_and_deviation_1_over_all_its_channels(images: torch.Tensor) -> None:
    found = standardized(images * 3 + 5)
    assert found.mean(dim=(1, 2, 3)) == pytest.approx([0.0] * 8, abs=1e-5)
    assert found.std(dim=(1, 2, 3), correction=0) == pytest.approx([1.0] * 8, abs=1e-3)


def test_the_channels_of_an_image_stay_different(images: torch.Tensor) -> None:
    images[:, 0] += 2
    assert (standardized(images).mean(dim=(2, 3))[:, 0] > 0.5).all()


def test_an_even_image_becomes_zeros() -> None:
    assert standardized(torch.full((1, 1, 48, 48), 7.0)).abs().max() == 0


def test_brightness_and_contrast_change_no_logits(images: torch.Tensor) -> None:
    torch.manual_seed(0)
    network = ResNet(7, depth=10, width=4, channels=3, standardize=True).eval()
    with torch.inference_mode():
        assert torch.allclose(network(images), network(0.5 * images - 1), rtol=0.01, atol=0.01)
        network.standardize = False
        assert not torch.allclose(network(images), network(0.5 * images - 1), rtol=0.01, atol=0.01)


def test_the_exported_model_answers_a_dark_image_as_a_bright_one(tmp_path: Path) -> None:
    write_shapes(tmp_path)
    folder = train(tmp_path, {**QUICK, "standardize": 1, "augment": "mirror,quality"}).folder
    content = json.loads((folder / "model.json").read_text())
    assert content["training"]["hyperparameters"]["standardize"] == 1
    loaded = inference.model_fn(str(folder))
    with np.load(tmp_path / "validation/faces.npz") as arrays:
        bright = arrays["images"] // 2 * 2
    of_bright, of_dark = (inference.probabilities(images, loaded) for images in (bright, bright // 2))
    assert np.allclose(of_bright, of_dark, atol=1e-3)
    assert read_start(folder / "model.pt").standardize


def test_a_checkpoint_of_a_training_without_it_does_not_name_it() -> None:
    assert "standardize" not in hyperparameters_of(parse_arguments(FOLDERS))
    assert hyperparameters_of(parse_arguments([*FOLDERS, "--standardize", "1"]))["standardize"] == 1
