"""Models of a few operators: the class of an image is the gray level that its mean is nearest to."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

DTYPES = {"uint8": TensorProto.UINT8, "float32": TensorProto.FLOAT}
SHAPES = {"NHW": "n {0} {0}", "NHWC": "n {0} {0} 3", "NCHW": "n 3 {0} {0}"}
# How fast the logits fall with the distance, in gray levels.
SHARPNESS = 0.002


def write_model(
    folder: Path,
    levels: dict[str, int],
    *,
    size: int = 48,
    layout: str = "NHW",
    dtype: str = "uint8",
    values: str = "probabilities",
    faces: str = "whole",
    **more: Any,
) -> Path:
    """Writes model.onnx and model.json, and returns the folder.

    levels: the gray level of each label, in the order of the outputs.
    dtype: float models read pixels from 0 to 1.
    more: fields of model.json.
    """
    folder.mkdir(parents=True, exist_ok=True)
    shape: list[Any] = [int(part) if part.isdigit() else part for part in SHAPES[layout].format(size).split()]
    scale = 1.0 if dtype == "uint8" else 255.0
    constants = {
        "levels": np.array(list(levels.values()), np.float32),
        "scale": np.array(scale, np.float32),
        "sharpness": np.array(-SHARPNESS, np.float32),
        "axes": np.arange(1, len(shape), dtype=np.int64),
        "row": np.array([-1, 1], np.int64),
    }
    nodes = [
        helper.make_node("Cast", ["input"], ["pixels"], to=TensorProto.FLOAT),
        helper.make_node("Mul", ["pixels", "scale"], ["scaled"]),
        helper.make_node("ReduceMean", ["scaled", "axes"], ["mean"], keepdims=0),
        helper.make_node("Reshape", ["mean", "row"], ["column"]),
        helper.make_node("Sub", ["column", "levels"], ["distance"]),
        helper.make_node("Mul", ["distance", "distance"], ["squared"]),
        helper.make_node("Mul", ["squared", "sharpness"], ["logits"]),
    ]
    if values == "probabilities":
        nodes.append(helper.make_node("Softmax", ["logits"], ["probabilities"], axis=1))
    graph = helper.make_graph(
        nodes,
        "nearest gray level",
        [helper.make_tensor_value_info("input", DTYPES[dtype], shape)],
        [helper.make_tensor_value_info(values, TensorProto.FLOAT, ["n", len(levels)])],
        [numpy_helper.from_array(array, name) for name, array in constants.items()],
    )
    onnx.save(
        helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9), folder / "model.onnx"
    )
    color = "gray" if layout == "NHW" else "rgb"
    contract = {
        "version": "tiny",
        "labels": list(levels),
        "faces": faces,
        "input": {"name": "input", "size": size, "color": color, "layout": layout, "dtype": dtype},
        "output": {"name": values, "values": values},
        **more,
    }
    (folder / "model.json").write_text(json.dumps(contract))
    return folder
