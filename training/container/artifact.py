"""Turns a trained network into the files that are served: model.onnx, model.json, and the code that reads them."""

import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from resnet import Classifier, probabilities

# The temperatures that are tried: from 0.1 to 10, in steps of about 1%.
TEMPERATURES = torch.logspace(-1, 1, 401)


def fit_temperature(logits: Tensor, labels: Tensor, smoothing: float) -> float:
    """Finds the temperature with the lowest log loss on the validation faces. One number can't overfit them.

    logits: float32 [n, classes].
    labels: int64 [n].
    smoothing: as in `resnet.probabilities`.
    """
    losses = torch.stack([F.nll_loss(probabilities(logits, t, smoothing).log(), labels) for t in TEMPERATURES])
    return round(float(TEMPERATURES[losses.argmin()]), 4)


def write(
    model: Classifier, folder: Path, classes: list[str], size: tuple[int, int], description: dict[str, Any]
) -> None:
    """Writes model.onnx, model.json and code/ into a folder. The model reads a batch of any size.

    classes: names of the outputs, in their order.
    size: height and width of a face, in pixels.
    description: more fields of model.json.
    """
    folder.mkdir(parents=True, exist_ok=True)
    model.eval().cpu()
    example = torch.zeros(2, *size, dtype=torch.uint8)
    torch.onnx.export(
        model,
        (example,),
        folder / "model.onnx",
        dynamo=False,
        opset_version=17,
        input_names=["faces"],
        output_names=["probabilities"],
        dynamic_axes={"faces": {0: "n"}, "probabilities": {0: "n"}},
    )
    digest = hashlib.sha256((folder / "model.onnx").read_bytes()).hexdigest()
    contract = {
        "version": digest[:12],
        "labels": classes,
        "input": {"dtype": "uint8", "shape": ["n", *size], "color": "grayscale"},
        "normalisation": {"mean": model.mean, "deviation": model.deviation, "inside": "model.onnx"},
        "calibration": {"temperature": model.temperature, "label_smoothing": model.smoothing, "inside": "model.onnx"},
        "output": {"dtype": "float32", "shape": ["n", len(classes)], "meaning": "probabilities"},
        **description,
    }
    (folder / "model.json").write_text(json.dumps(contract, indent=2) + "\n")
    # SageMaker's PyTorch container reads its inference code from the same archive.
    (folder / "code").mkdir(exist_ok=True)
    for name in ("inference.py", "requirements.txt"):
        shutil.copy(Path(__file__).parent / name, folder / "code" / name)
