"""Turns a trained network into the files that are served: model.onnx, model.json, and the code that reads them."""

import json
import shutil
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

import contract
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
    model: Classifier,
    folder: Path,
    classes: list[str],
    *,
    size: int,
    color: str,
    faces: str,
    data: dict[str, Any] | None,
    description: dict[str, Any],
) -> None:
    """Writes model.onnx, model.json and code/ into a folder. The model reads a batch of any size.

    classes: names of the outputs, in their order.
    size: pixels per side of an image.
    color: "gray" or "rgb".
    faces: "find" or "whole", as in model.json.
    data: data.json of the training data, if there is one.
    description: more fields of model.json.

    Raises ContractError if a class has a name that no label can have.
    """
    folder.mkdir(parents=True, exist_ok=True)
    model.eval().cpu()
    shape, layout = ((size, size), "NHW") if color == "gray" else ((size, size, 3), "NHWC")
    torch.onnx.export(
        model,
        (torch.zeros(2, *shape, dtype=torch.uint8),),
        folder / contract.DEFAULT_FILE,
        dynamo=False,
        opset_version=17,
        input_names=["faces"],
        output_names=["probabilities"],
        dynamic_axes={"faces": {0: "n"}, "probabilities": {0: "n"}},
    )
    document = {
        "version": contract.file_version(folder / contract.DEFAULT_FILE),
        "labels": classes,
        "faces": faces,
        "input": {"name": "faces", "size": size, "color": color, "layout": layout, "dtype": "uint8"},
        "output": {"name": "probabilities", "values": "probabilities"},
        # These are inside of model.onnx, and only people read them here. Gray levels are from 0 to 255.
        # flip: whether each answer averages an image and its mirror image.
        "network": {"mean": model.mean, "deviation": model.deviation, "flip": model.flip},
        "calibration": {"temperature": model.temperature, "label_smoothing": model.smoothing},
        **({"data": data} if data else {}),
        **description,
    }
    contract.check_document(document)
    (folder / contract.NAME).write_text(json.dumps(document, indent=2) + "\n")
    # SageMaker's PyTorch container reads its inference code from the same archive.
    (folder / "code").mkdir(exist_ok=True)
    for name in contract.CODE_FILES:
        shutil.copy(Path(__file__).parent / name, folder / "code" / name)
