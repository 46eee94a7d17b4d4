"""A model replaces the best one only if ONNX Runtime gives the probabilities that PyTorch gives."""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import inference
from arguments import parse_arguments
from artifact import write
from averaging import average_weights
from checkpoint import State
from contract import DEFAULT_FILE
from export import ExportFailed, compare, write_model
from faces import Channel, Data
from measures import Measures
from processes import Processes
from resnet import Classifier, ResNet
from validation import Validated

# PyTorch warns that this exporter, which writes smaller files, is not its default any more.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")
IMAGES = torch.randint(0, 256, (6, 16, 16), generator=torch.Generator().manual_seed(0), dtype=torch.uint8)


def new_model(seed: int) -> Classifier:
    torch.manual_seed(seed)
    return Classifier(ResNet(3, depth=10, width=2), [100.0], [50.0], True, 1.0, 0.1).eval()


@pytest.fixture
def onnx(tmp_path: Path) -> Path:
    write(*(new_model(0), tmp_path, ["a", "b", "c"]), size=16, color="gray", faces="whole", data=None, description={})
    return tmp_path / DEFAULT_FILE


def test_an_export_that_gives_other_probabilities_is_refused(onnx: Path) -> None:
    compare(onnx, new_model(0), IMAGES)
    with pytest.raises(
        ExportFailed, match=r"model.onnx gives other probabilities than the network: they differ by 0\."
    ):
        compare(onnx, new_model(1), IMAGES)


def test_without_onnx_runtime_a_line_says_that_nothing_was_compared(
    onnx: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    compare(onnx, new_model(1), IMAGES)
    assert "model.onnx was not compared with the network" in capsys.readouterr().out


@pytest.mark.parametrize("flip", [False, True])
def test_the_second_pass_over_the_mirror_image_is_inside_of_the_model_and_named(flip: bool, tmp_path: Path) -> None:
    torch.manual_seed(0)
    model = Classifier(ResNet(3, depth=10, width=2), [100.0], [50.0], flip, 0.3, 0.1).eval()
    kind: dict[str, Any] = {"size": 16, "color": "gray", "faces": "whole", "data": None, "description": {}}
    write(model, tmp_path, ["a", "b", "c"], **kind)
    assert json.loads((tmp_path / "model.json").read_text())["network"]["flip"] is flip
    served = inference.model_fn(str(tmp_path))
    faces = IMAGES.numpy()
    answers, mirrored = (inference.probabilities(view, served) for view in (faces, faces[:, :, ::-1].copy()))
    assert np.allclose(answers, mirrored, atol=1e-5) is flip


def export(folder: Path, network: torch.nn.Module, options: argparse.Namespace) -> None:
    channel = Channel(IMAGES, torch.arange(6) % 3, ["a", "b", "c"], torch.zeros(6, 0))
    chosen = Validated("last", network, torch.randn(6, 3), Measures(1.0, 0.5, 0.5))
    optimizer = torch.optim.SGD(network.parameters())
    schedule = torch.optim.lr_scheduler.StepLR(optimizer, 1)
    state = State(network, average_weights(network, 0.9), optimizer, schedule)
    data = Data(channel, channel, None, ([100.0], [50.0]))
    write_model(folder, options, {}, data, None, state, chosen, Processes(0, 1, torch.device("cpu")))


def test_a_network_that_cannot_be_exported_leaves_the_best_model_as_it_is(tmp_path: Path) -> None:
    options = parse_arguments(["--train=a", "--validation=b", "--model-dir=c"])
    best = tmp_path / "best"
    export(best, ResNet(3, depth=10, width=2), options)
    before = {path: path.read_bytes() for path in best.rglob("*") if path.is_file()}
    unknown = ResNet(3, depth=10, width=2)
    # ONNX has no eigenvalues.
    unknown.register_forward_hook(lambda _, inputs, logits: logits + torch.linalg.eigvalsh(inputs[0][:, 0]).mean())
    with pytest.raises(ExportFailed, match=r"^the network can't be exported: .*eigvalsh") as failed:
        export(best, unknown, options)
    assert "\n" not in str(failed.value)
    assert {path: path.read_bytes() for path in best.rglob("*") if path.is_file()} == before
    export(best, ResNet(3, depth=10, width=4), options)
    assert (best / DEFAULT_FILE).read_bytes() != before[best / DEFAULT_FILE]
    assert [path.name for path in tmp_path.iterdir() if path.is_dir() and path.name.endswith(".old")] == []
