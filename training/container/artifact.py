"""A trained network → the files that are served: model.onnx, model.json, and the code that reads them."""

import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from resnet import Classifier, probabilities


def calibrated(logits: Tensor, labels: Tensor, smoothing: float) -> float:
    """The temperature under which the validation labels are least surprising; one number can't learn them by heart."""
    temperatures = torch.logspace(-1, 1, 401)
    surprise = torch.stack([F.nll_loss(probabilities(logits, t, smoothing).log(), labels) for t in temperatures])
    return round(float(temperatures[surprise.argmin()]), 4)


def write(
    model: Classifier, folder: Path, classes: list[str], size: tuple[int, int], description: dict[str, Any]
) -> None:
    """Writes model.onnx, model.json and code. Faces' count stays free, so that one call takes a batch of any size."""
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
    # What SageMaker's PyTorch container serves the model with lies in the same archive.
    (folder / "code").mkdir(exist_ok=True)
    for name in ("inference.py", "requirements.txt"):
        shutil.copy(Path(__file__).parent / name, folder / "code" / name)
