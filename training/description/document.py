"""Writes a model's first model.json, checks it by running the model, and shows it as a table."""

import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from training.description.inspection import Inspection, Options, inspect

sys.path.insert(0, str(Path(__file__).parent.parent / "container"))

import contract
import network

# Mean and standard deviation of ImageNet's pixels from 0 to 1, which torchvision's and most of timm's models expect.
# Source: torchvision, "Models and pre-trained weights".
IMAGENET = ([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])
# A row of probabilities adds up to 1 within this.
SUM_TOLERANCE = 1e-3


def write_document(path: Path, labels: list[str] | None, options: Options, force: bool) -> list[str]:
    """Writes model.json beside a model's file, and returns the lines that say what was found and assumed.

    labels: names of the outputs; None if no option gives them.
    force: replace a model.json that is there.

    Raises ValueError if the model can't be served, or if an option is missing. Nothing is written then.
    """
    target = path.parent / contract.NAME
    if target.exists() and not force:
        raise ValueError(f"{target} is there already: --force replaces it, and `describe {path.parent}` shows it")
    found = inspect(path, options)
    shown = describe_tensors(found)
    if labels is None:
        raise ValueError(
            f"{path} {shown}: name its {found.outputs:,} outputs in their order, with --labels A,B,C or with --labels "
            "FILE, which has one name per line"
        )
    document = make_document(path, found, options, labels)
    check(path, document)
    target.write_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    lines = [f"{path} {shown}."]
    if found.assumed:
        lines += ["Assumed, because neither the file nor an option says it:", *(f"  {line}" for line in found.assumed)]
    return [*lines, f"{target} says:", *table(contract.read_contract(path.parent))]


def check(path: Path, document: dict[str, Any]) -> None:
    """Runs the model once, as its document describes it. Raises ContractError."""
    described = contract.check_document(document)
    network.load_network(path.parent, described)


def describe_tensors(found: Inspection) -> str:
    described = found.input
    lengths = {"N": "n", "H": described["size"], "W": described["size"], "C": 1 if described["color"] == "gray" else 3}
    shape = network.show_shape([lengths[letter] for letter in described["layout"]])
    return f"reads {described['dtype']} {shape}, and answers with {found.outputs:,} values per image"


def make_document(path: Path, found: Inspection, options: Options, labels: Iterable[str]) -> dict[str, Any]:
    """Returns model.json for a model. Adds to `found.assumed` what neither the file nor an option states."""
    faces = options.faces
    if faces is None:
        faces = "whole"
        found.assumed.append("--faces whole: the central square of each image is classified, and no face is looked for")
    values = options.values
    if values is None:
        sums_to_1 = found.rows.min() >= 0 and np.abs(found.rows.sum(axis=1) - 1).max() < SUM_TOLERANCE
        values = "probabilities" if sums_to_1 else "logits"
        reason = "its outputs add up to 1" if sums_to_1 else "its outputs do not add up to 1, so softmax is applied"
        found.assumed.append(f"--values {values}: {reason}")
    document = {} if path.name == "model.onnx" else {"file": path.name}
    return {
        **document,
        "labels": list(labels),
        "faces": faces,
        "input": {**found.input, **normalisation(found, options)},
        "output": {**found.output, "values": values},
    }


def normalisation(found: Inspection, options: Options) -> dict[str, Any]:
    """Returns the field normalisation, or nothing if pixels are not normalised."""
    if (options.mean is None) != (options.deviation is None):
        raise ValueError("--mean and --deviation belong together: give both")
    if options.mean is not None and options.normalisation:
        raise ValueError("--normalisation and --mean say the same: give one of them")
    if options.mean is not None:
        return {"normalisation": {"mean": options.mean, "deviation": options.deviation}}
    if options.normalisation == "imagenet":
        if found.input["color"] == "gray":
            raise ValueError("--normalisation imagenet is for color: give --mean and --deviation with one number each")
        mean, deviation = IMAGENET
        return {"normalisation": {"mean": mean, "deviation": deviation}}
    if options.normalisation is None and found.input["dtype"] != "uint8":
        found.assumed.append(
            "--normalisation none: the model reads pixels from 0 to 1; most models of torchvision and timm need "
            "--normalisation imagenet"
        )
    return {}


def describe_folder(folder: Path) -> list[str]:
    """Returns the lines that show a model's model.json. Raises ContractError if the model is not as it says."""
    described = contract.read_contract(folder)
    network.load_network(folder, described)
    return table(described)


def table(described: contract.Contract) -> list[str]:
    """Returns what model.json says, one line per field."""
    tensor = described.input
    shape = network.show_shape(network.input_shape(described))
    if tensor.dtype == "uint8":
        pixels = "from 0 to 255"
    elif tensor.mean:
        pixels = f"(pixel / 255 - {list(tensor.mean)}) / {list(tensor.deviation)}"
    else:
        pixels = "from 0 to 1"
    rows = {
        "version": described.version,
        "file": described.file,
        "labels": f"{len(described.labels):,}: {', '.join(described.labels)}",
        "faces": {"find": "find: in photos", "whole": "whole: the central square of each image"}[described.faces],
        "input": f"{tensor.name} {tensor.dtype} {shape}, {tensor.color}, {tensor.layout}".strip(),
        "pixels": pixels,
        "output": f"{described.output} {described.values}".strip(),
    }
    return [f"  {name:8} {value}" for name, value in rows.items()]
