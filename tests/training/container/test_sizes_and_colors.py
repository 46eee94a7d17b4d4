"""Images of any size and color are trained and served; small gray faces as they always were."""

import json
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch
from torch.nn import functional as F

from contract import read_contract
from resnet import Normalise, ResNet
from tests.training.drawn_shapes import QUICK, train, write_shapes


def test_the_network_for_faces_of_48_pixels_is_still_the_one_that_was_measured() -> None:
    torch.manual_seed(0)
    network = ResNet(7, depth=18, width=32, stem_stride=1, dropout=0.2)
    assert sum(parameter.numel() for parameter in network.parameters()) == 2_796_263
    faces = torch.randint(0, 256, (8, 48, 48), generator=torch.Generator().manual_seed(1), dtype=torch.uint8)
    logits = network.train()(Normalise([129.0], [65.0])(faces))
    assert F.cross_entropy(logits, torch.arange(8) % 7).item() == pytest.approx(5.34727, abs=1e-3)


@pytest.mark.parametrize(("size", "color"), [(48, "gray"), (64, "gray"), (64, "rgb"), (224, "rgb")])
def test_a_model_of_any_size_and_color_is_served_as_it_was_validated(size: int, color: str, tmp_path: Path) -> None:
    write_shapes(tmp_path, size=size, color=color)
    description = {"source": {"kind": "folder", "name": "shapes"}, "faces": "find"}
    (tmp_path / "train" / "data.json").write_text(json.dumps(description))
    trained = train(tmp_path, {**QUICK, "flip": 1})
    contract = read_contract(trained.folder)
    assert (contract.input.size, contract.input.color, contract.faces) == (size, color, "find")
    assert json.loads((trained.folder / "model.json").read_text())["data"] == description
    session = onnxruntime.InferenceSession(trained.folder / "model.onnx")
    with np.load(tmp_path / "validation" / "faces.npz") as validation:
        [probabilities] = session.run(None, {"faces": validation["images"]})
        accuracy = (probabilities.argmax(1) == validation["labels"]).mean()
    assert round(accuracy, 4) == max(row["validation_accuracy"] for row in trained.history)


def test_a_large_image_reaches_the_first_stage_with_a_quarter_of_its_side() -> None:
    network = ResNet(2, depth=10, width=4, channels=3, large=True)
    seen: list[torch.Size] = []
    network.stages.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0].shape))
    network(torch.zeros(2, 3, 224, 224))
    assert seen == [(2, 4, 56, 56)]
