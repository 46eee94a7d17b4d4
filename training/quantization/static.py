"""An ONNX model that computes in float32 → one that computes with 8-bit integers, with the quantizer of ONNX Runtime.

Weights become int8 with a scale per channel, and use 7 of its bits. The values between layers become uint8; their
ranges are those that the float model computes for some training images. What is not a convolution or a matrix product
stays float32, such as the normalisation, and softmax with the calibration.
Source: ONNX Runtime, "Quantize ONNX Models".
"""

import json
import logging
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnxruntime.quantization import CalibrationDataReader, CalibrationMethod, QuantFormat, QuantType, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process

sys.path.insert(0, str(Path(__file__).parent.parent / "container"))

import contract
from network import load_network, to_input

# These have weights, and take nearly all of the time.
QUANTIZED = ("Conv", "Gemm", "MatMul")
# The first opset in which a scale can belong to a channel.
SMALLEST_OPSET = 13
# Images per run of the model. All values between its layers are in memory for each.
BATCH = 16


def quantize_model(folder: Path, images: np.ndarray, count: int, seed: int, output: Path, command: str) -> str:
    """Writes model.onnx and model.json, and returns the new model's version.

    folder: of the float model.
    images: its training images, uint8 [n, size, size] or [n, size, size, 3].
    count, seed: how many of them are run, and which.
    command: the command that does this, for model.json.

    Raises ValueError, with a sentence, if the model can't be quantized.
    """
    described = contract.read_contract(folder)
    source = folder / described.file
    check(source, described)
    network = load_network(folder, described)
    chosen = np.random.default_rng(seed).choice(len(images), min(count, len(images)), replace=False)
    batch = network.chunk if network.is_fixed else BATCH
    if len(chosen) < batch and network.is_fixed:
        raise ValueError(f"the model reads {batch} images at once: give at least as many with --images")
    output.mkdir(parents=True, exist_ok=True)
    target = output / contract.DEFAULT_FILE
    with tempfile.TemporaryDirectory() as scratch, quiet():
        # Normalisations are folded into convolutions, and weights that are used twice get one name.
        prepared = Path(scratch) / contract.DEFAULT_FILE
        quant_pre_process(str(source), str(prepared), skip_symbolic_shape=True)
        quantize_static(
            str(prepared),
            str(target),
            Batches(images[np.sort(chosen)], described, batch, network.is_fixed),
            quant_format=QuantFormat.QDQ,
            op_types_to_quantize=list(QUANTIZED),
            per_channel=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            calibrate_method=CalibrationMethod.MinMax,
            # Weights of 7 bits. Processors of x86 without VNNI add two products of 8 bits in 16 bits, which overflow.
            reduce_range=True,
        )
    document = {
        **described.document,
        "version": contract.file_version(target),
        "quantization": {
            "from": described.version,
            "weights": "int8",
            "activations": "uint8",
            "images": len(chosen),
            "command": command,
        },
    }
    document.pop("file", None)
    (output / contract.NAME).write_text(json.dumps(document, indent=2) + "\n")
    # It is loaded and run once, as before it is served.
    load_network(output, contract.read_contract(output))
    return str(document["version"])


def check(path: Path, described: Any) -> None:
    """Raises ValueError, with a sentence, if a model can't be quantized."""
    if not described.is_onnx:
        raise ValueError(f"{path.name} is a TorchScript model, and only ONNX models can be quantized")
    model = onnx.load(str(path), load_external_data=False)
    opset = next(entry.version for entry in model.opset_import if entry.domain in ("", "ai.onnx"))
    if opset < SMALLEST_OPSET:
        raise ValueError(f"the model has opset {opset}: export it with opset {SMALLEST_OPSET} or a later one")
    operators = {node.op_type for node in model.graph.node}
    if "DequantizeLinear" in operators:
        raise ValueError("the model is quantized already")
    if not operators.intersection(QUANTIZED):
        raise ValueError(f"the model has none of the operators that are quantized: {', '.join(QUANTIZED)}")


class Batches(CalibrationDataReader):
    """Images as the model's input, some at a time.

    batch: images per run.
    is_fixed: the model reads exactly so many; the images that are left over are not run.
    """

    def __init__(self, images: np.ndarray, described: Any, batch: int, is_fixed: bool):
        last = len(images) - batch + 1 if is_fixed else len(images)
        self.batches: Iterator[np.ndarray] = (images[start : start + batch] for start in range(0, last, batch))
        self.described = described

    def get_next(self) -> dict[str, np.ndarray] | None:
        batch = next(self.batches, None)
        return None if batch is None else {self.described.input.name: to_input(batch, self.described)}


@contextmanager
def quiet() -> Iterator[None]:
    """Hides the quantizer's log, which recommends what is done already."""
    logging.disable(logging.WARNING)
    try:
        yield
    finally:
        logging.disable(logging.NOTSET)
