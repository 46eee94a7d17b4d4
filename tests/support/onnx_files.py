"""Writes small ONNX models, without the package onnx: a linear classifier of an image's mean red, green and blue.

Source: onnx/onnx.proto, and Protocol Buffers Documentation, "Encoding".
"""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

COLORS = ["red", "green", "blue"]
# TensorProto.DataType
TYPES = {"float32": 1, "uint8": 2, "float16": 10}


def field(number: int, value: int | str | bytes) -> bytes:
    """One field of a message: a number, or text, bytes or another message."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    data = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(data)) + data


def varint(value: int) -> bytes:
    data = bytearray()
    while value > 0x7F:
        data.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*data, value])


def node(operator: str, inputs: Sequence[str], output: str, *attributes: bytes) -> bytes:
    fields = [*(field(1, name) for name in inputs), field(2, output), field(4, operator)]
    return b"".join([*fields, *(field(5, attribute) for attribute in attributes)])


def integer(name: str, value: int) -> bytes:
    """An attribute of a node."""
    return field(1, name) + field(3, value) + field(20, 2)


def tensor(name: str, array: np.ndarray) -> bytes:
    dimensions = b"".join(field(1, length) for length in array.shape)
    return dimensions + field(2, TYPES[array.dtype.name]) + field(8, name) + field(9, array.tobytes())


def value_info(name: str, dtype: str, shape: Sequence[int | str]) -> bytes:
    lengths = [field(1, length) if isinstance(length, int) else field(2, length) for length in shape]
    type_of_tensor = field(1, TYPES[dtype]) + field(2, b"".join(field(1, length) for length in lengths))
    return field(1, name) + field(2, field(1, type_of_tensor))


def color_model(
    size: int = 64,
    layout: str = "NCHW",
    dtype: str = "float32",
    batch: int | str = "n",
    *,
    softmax: bool = False,
    states_size: bool = True,
) -> bytes:
    """An ONNX file: images of this size, layout and dtype → `scores`, float32 [n, 3], which grow with each color.

    In gray, with the layout NHW, the scores are different multiples of the mean.
    softmax: the scores are probabilities.
    states_size: the file states height and width.
    """
    height, width = (size, size) if states_size else ("height", "width")
    lengths = {"N": batch, "C": 3, "H": height, "W": width}
    shape = [lengths[letter] for letter in layout]
    features = size * size * (3 if "C" in layout else 1)
    weights = np.zeros((features, 3), np.float32)
    channel = np.arange(features) // size**2 if layout == "NCHW" else np.arange(features) % 3
    weights[np.arange(features), channel] = 4 / size**2
    if layout == "NHW":
        weights[:] = np.array([1, 2, 3], np.float32) / size**2
    graph = [
        node("Cast", ["pixels"], "float", integer("to", TYPES["float32"])),
        node("Flatten", ["float"], "flat", integer("axis", 1)),
        node("MatMul", ["flat", "weights"], "logits" if softmax else "scores"),
        *([node("Softmax", ["logits"], "scores", integer("axis", 1))] if softmax else []),
    ]
    parts = [
        *(field(1, one) for one in graph),
        field(2, "colors"),
        field(5, tensor("weights", weights)),
        field(11, value_info("pixels", dtype, shape)),
        field(12, value_info("scores", "float32", [batch, 3])),
    ]
    return field(1, 8) + field(8, field(1, "") + field(2, 17)) + field(7, b"".join(parts))


def color_contract(size: int = 64, layout: str = "NCHW", dtype: str = "float32", **fields: Any) -> dict[str, Any]:
    """model.json of `color_model`."""
    described = {
        "name": "pixels",
        "size": size,
        "color": "rgb" if "C" in layout else "gray",
        "layout": layout,
        "dtype": dtype,
    }
    output = {"name": "scores", "values": "logits"}
    return {"labels": COLORS, "faces": "whole", "input": described, "output": output, **fields}


def write_color_model(folder: Path, size: int = 64, layout: str = "NCHW", dtype: str = "float32") -> Path:
    """Writes model.onnx and model.json into a folder, and returns the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "model.onnx").write_bytes(color_model(size, layout, dtype))
    (folder / "model.json").write_text(json.dumps(color_contract(size, layout, dtype)))
    return folder


def color_images(size: int = 64) -> Iterator[tuple[str, np.ndarray]]:
    """A red, a green and a blue image, uint8 [size, size, 3], with their labels."""
    for channel, label in enumerate(COLORS):
        image = np.full((size, size, 3), 40, np.uint8)
        image[..., channel] = 220
        yield label, image
