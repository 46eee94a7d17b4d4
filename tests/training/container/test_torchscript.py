"""Models of TorchScript in the container, and the models that train.py's classes export."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import typer
from torch import Tensor, nn
from typer.testing import CliRunner

from contract import ContractError, read_contract
from network import load_network
from tests.support.onnx_files import COLORS, color_contract, color_images
from training.description import commands

CONTRACT = color_contract(file="colors.pt")


class Colors(nn.Module):
    """Images, [n, 3, height, width] → logits, float [n, 3]: four times the mean of each color."""

    def forward(self, images: Tensor) -> Tensor:
        return 4 * images.float().mean(dim=(2, 3))


class Named(Colors):
    """As Colors, but its answer is a dictionary."""

    def forward(self, images: Tensor) -> dict[str, Tensor]:
        return {"scores": 4 * images.float().mean(dim=(2, 3))}


def save(folder: Path, module: nn.Module, document: dict[str, Any] = CONTRACT, **options: Any) -> Path:
    """Exports a module as TorchScript, with model.json beside it."""
    torch.jit.trace(module.eval(), torch.zeros(1, 3, 64, 64), **options).save(str(folder / "colors.pt"))
    (folder / "model.json").write_text(json.dumps(document))
    return folder


def classify(folder: Path) -> list[str]:
    network = load_network(folder, read_contract(folder))
    rows = network.probabilities(np.stack([image for _, image in color_images()]))
    assert np.abs(rows.sum(1) - 1).max() < 1e-6
    return [COLORS[index] for index in rows.argmax(1)]


@pytest.mark.filterwarnings("ignore:`torch.jit:DeprecationWarning")
@pytest.mark.parametrize("dtype", ["uint8", "float32"])
def test_a_torchscript_model_is_served(dtype: str, tmp_path: Path) -> None:
    document = {**CONTRACT, "input": {**CONTRACT["input"], "dtype": dtype}, "output": {"values": "logits"}}
    del document["input"]["name"]
    assert classify(save(tmp_path, Colors(), document)) == COLORS


@pytest.mark.filterwarnings("ignore:`torch.jit:DeprecationWarning")
def test_the_output_can_be_one_of_a_dictionary(tmp_path: Path) -> None:
    assert classify(save(tmp_path, Named(), strict=False)) == COLORS
    save(tmp_path, Named(), {**CONTRACT, "output": {"name": "other", "values": "logits"}}, strict=False)
    with pytest.raises(ContractError, match="the model answers with a dict, and not with one tensor"):
        classify(tmp_path)


@pytest.mark.filterwarnings("ignore:`torch.jit:DeprecationWarning")
def test_a_model_that_is_not_as_described_is_refused_when_it_is_loaded(tmp_path: Path) -> None:
    save(tmp_path, Colors(), {**CONTRACT, "labels": ["a", "b"]})
    with pytest.raises(ContractError, match=r"the model has 3 outputs, and model\.json has 2 labels"):
        classify(tmp_path)
    save(tmp_path, nn.Sequential(nn.Flatten(), nn.Linear(3 * 64 * 64, 3)), color_contract(32, file="colors.pt"))
    with pytest.raises(ContractError, match=r"the model fails on gray images, float32 \[2, 3, 32, 32\]: ") as error:
        classify(tmp_path)
    assert len(str(error.value).splitlines()) == 1


def test_weights_that_are_not_torchscript_are_refused_and_never_unpickled(tmp_path: Path) -> None:
    save_path = tmp_path / "colors.pt"
    (tmp_path / "model.json").write_text(json.dumps(CONTRACT))
    torch.save(nn.Linear(2, 2).state_dict(), save_path)
    with pytest.raises(ContractError, match=r"colors\.pt is not TorchScript, which torch\.jit\.trace") as error:
        classify(tmp_path)
    assert len(str(error.value).splitlines()) == 1


def describe(path: Path, *arguments: str) -> str:
    """Runs `describe`, and returns what it prints. Raises its error."""
    app = typer.Typer()
    app.command()(commands.describe)
    result = CliRunner().invoke(app, [str(path), "--labels", ",".join(COLORS), *arguments])
    if isinstance(result.exception, ValueError):
        raise result.exception
    return result.output


@pytest.mark.filterwarnings("ignore:`torch.jit:DeprecationWarning")
def test_describe_tries_what_a_torchscript_file_does_not_state(tmp_path: Path) -> None:
    path = save(tmp_path, Colors()) / "colors.pt"
    (tmp_path / "model.json").unlink()
    with pytest.raises(ValueError, match="does not state its size: give the side of the images it was trained with"):
        describe(path)
    printed = describe(path, "--size", "64", "--normalisation", "none")
    assert "--layout NCHW: the first one that the model accepted" in printed
    assert "--dtype float32: the first one that the model accepted" in printed
    described = {"size": 64, "color": "rgb", "layout": "NCHW", "dtype": "float32"}
    assert json.loads((tmp_path / "model.json").read_text())["input"] == described
    assert classify(tmp_path) == COLORS


@pytest.mark.filterwarnings("ignore:`torch.jit:DeprecationWarning")
def test_describe_refuses_a_torchscript_model_that_accepts_none_of_what_options_leave(tmp_path: Path) -> None:
    path = save(tmp_path, nn.Sequential(nn.Flatten(), nn.Linear(3 * 64 * 64, 3))) / "colors.pt"
    with pytest.raises(ValueError, match=r"accepts no images of --size 32: the first attempt was float32 NCHW rgb: "):
        describe(path, "--size", "32", "--force")
