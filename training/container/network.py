"""Loads a model's file, ONNX or TorchScript, and runs it on faces as model.json describes its input and output."""

import contextlib
import os
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

# Set before the import: otherwise ONNX Runtime stores an identifier in the user's folder and sends usage events.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"

import onnxruntime

from contract import Contract, ContractError, check_input_name, check_output_count, check_output_name
from cores import compute_threads

# Pixels per run of the model: 64 faces of 48x48. More are not faster on a CPU, and a network needs about 100 times as
# much memory for what it computes as for its input.
CHUNK_PIXELS = 64 * 48 * 48
GRAY = 128
# ONNX Runtime's threads wait for the next part of a run in a loop, because waking up takes time. By default they go on
# for milliseconds after a run, and take the cores from whatever else the machine does. So long is enough within a run:
# one face on two cores took 4.4 ms and 8.6 ms of processor time, and by default 4.3 ms and 19 ms. Without the loop it
# took 5.6 ms. Other options did not help: no arena or no patterns of memory, denormal numbers as zero, and work divided
# into smaller blocks (session.dynamic_block_base).
SPIN_MICROSECONDS = 50
CUDA = "CUDAExecutionProvider"
# A row of probabilities may add up to this much more or less than 1: models compute in float16 too.
TOLERANCE = 0.05
# ONNX Runtime's names of the types that model.json can name.
ONNX_TYPES = {"uint8": "tensor(uint8)", "float32": "tensor(float)", "float16": "tensor(float16)"}


@dataclass(frozen=True)
class Network:
    """A loaded model file.

    run: the model's input, as model.json describes it → its output.
    chunk: images per run.
    is_fixed: whether every run needs exactly `chunk` images.
    """

    contract: Contract
    run: Callable[[np.ndarray], Any]
    chunk: int
    is_fixed: bool = False

    def probabilities(self, pixels: np.ndarray) -> np.ndarray:
        """uint8 [n, size, size] or [n, size, size, 3] → float32 [n, classes]. A row depends on its own image only."""
        chunks = (pixels[start : start + self.chunk] for start in range(0, len(pixels), self.chunk))
        return np.concatenate([self.classify(chunk) for chunk in chunks])

    def classify(self, pixels: np.ndarray) -> np.ndarray:
        """As `probabilities`, in one run of the model."""
        count = len(pixels)
        if self.is_fixed and count < self.chunk:
            pixels = np.concatenate([pixels, np.zeros((self.chunk - count, *pixels.shape[1:]), np.uint8)])
        output = self.run(to_input(pixels, self.contract))[:count]
        return softmax(output) if self.contract.values == "logits" else np.asarray(output, np.float32)


def load_network(folder: Path, contract: Contract, threads: int = 0) -> Network:
    """Loads the model's file, and runs it once on gray images. The first run is slow, and no request waits for it.

    threads: how many compute a run; 0 for the default (cores.py). PyTorch has one number for all models of a process.

    Raises ContractError if the file is damaged, or is not as model.json describes it.
    """
    load = load_onnx if contract.is_onnx else load_torchscript
    network = load(folder / contract.file, contract, threads or compute_threads())
    check_network(network)
    return network


def load_onnx(path: Path, contract: Contract, threads: int) -> Network:
    session = open_session(path, threads)
    inputs = {tensor.name: tensor for tensor in session.get_inputs()}
    check_input_name(contract, list(inputs))
    check_output_name(contract, [tensor.name for tensor in session.get_outputs()])
    tensor = inputs[contract.input.name]
    if tensor.type != ONNX_TYPES[contract.input.dtype]:
        raise ContractError(
            f'the model reads {tensor.type}, and "input.dtype" is "{contract.input.dtype}", which is '
            f"{ONNX_TYPES[contract.input.dtype]}"
        )
    expected = input_shape(contract)
    shape = [length if isinstance(length, int) else None for length in tensor.shape]
    if len(shape) != len(expected) or any(a not in (None, b) for a, b in zip(shape[1:], expected[1:], strict=True)):
        raise ContractError(
            f"the model reads {show_shape(tensor.shape)}, and model.json describes {show_shape(expected)}: correct "
            '"input.size", "input.color" or "input.layout"'
        )

    def run(batch: np.ndarray) -> Any:
        return session.run([contract.output], {contract.input.name: batch})[0]

    fixed = shape[0]
    return Network(contract, run, fixed or chunk_of(contract), is_fixed=fixed is not None)


def open_session(path: Path, threads: int = 1) -> onnxruntime.InferenceSession:
    """Opens an ONNX file. Raises ContractError if ONNX Runtime can't.

    threads: how many compute a run.
    """
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.add_session_config_entry("session.intra_op.spin_duration_us", str(SPIN_MICROSECONDS))
    # Builds for CUDA prefer TensorRT, which would compile the model for minutes before the first response.
    providers = [CUDA, "CPUExecutionProvider"] if computes_on_gpu() else ["CPUExecutionProvider"]
    try:
        return onnxruntime.InferenceSession(str(path), options, providers=providers)
    except Exception as error:  # ONNX Runtime's errors have no class of their own.
        raise ContractError(f"{path} can't be loaded by ONNX Runtime: {one_line(error)}") from None


def computes_on_gpu() -> bool:
    """Whether ONNX Runtime was built for NVIDIA's GPUs."""
    return CUDA in onnxruntime.get_available_providers()


def load_torchscript(path: Path, contract: Contract, threads: int) -> Network:
    torch, module = open_module(path)
    torch.set_num_threads(threads)

    def run(batch: np.ndarray) -> Any:
        with torch.inference_mode():
            output = module(torch.from_numpy(batch))
        if isinstance(output, dict) and contract.output in output:
            output = output[contract.output]
        if not isinstance(output, torch.Tensor):
            raise ContractError(f"the model answers with a {type(output).__name__}, and not with one tensor")
        return output.float().numpy()

    return Network(contract, run, chunk_of(contract))


def open_module(path: Path) -> tuple[Any, Any]:
    """Returns PyTorch and a TorchScript module that computes on the CPU.

    Raises ContractError if the file is not TorchScript, or if PyTorch is not installed.
    """
    try:
        import torch
    except ModuleNotFoundError:
        raise ContractError(
            f"{path.name} is a TorchScript model, and PyTorch is not installed: install the package torch, as "
            "`make install-training` does, or export the model to ONNX"
        ) from None
    try:
        with warnings.catch_warnings():
            # PyTorch recommends other formats for new models, and still reads this one.
            warnings.simplefilter("ignore", DeprecationWarning)
            return torch, torch.jit.load(str(path), map_location="cpu").eval()
    except (RuntimeError, ValueError) as error:
        raise ContractError(
            f"{path} is not TorchScript, which torch.jit.trace(...).save writes and torch.save does not: "
            # PyTorch goes on with general advice.
            f"{one_line(error).partition('. ')[0]}"
        ) from None


def check_network(network: Network) -> None:
    """Runs a model on gray images. Raises ContractError if its output does not fit model.json."""
    contract = network.contract
    count = network.chunk if network.is_fixed else 2
    pixels = np.full((count, *contract.face_shape), GRAY, np.uint8)
    batch = to_input(pixels, contract)
    try:
        output = np.asarray(network.run(batch))
    except ContractError:
        raise
    except Exception as error:  # ONNX Runtime's errors have no class of their own.
        raise ContractError(
            f"the model fails on gray images, {batch.dtype} {show_shape(batch.shape)}: {one_line(error)}"
        ) from None
    if output.ndim != 2 or len(output) != count:
        raise ContractError(
            f"the model answers {count} images with {show_shape(output.shape)}, and not with one row of "
            f"{len(contract.labels)} values per image"
        )
    check_output_count(contract, output.shape[1])
    if not np.isfinite(output).all():
        raise ContractError("the model answers a gray image with values that are not finite numbers")
    rows = output.astype(np.float32)
    if contract.values == "probabilities" and (
        rows.min() < -TOLERANCE or np.abs(rows.sum(axis=1) - 1).max() > TOLERANCE
    ):
        raise ContractError(
            f"the model's outputs for a gray image, {show_values(rows[0])}, are not probabilities, which add up to 1: "
            '"output.values" has to be "logits", unless the model is damaged'
        )


def chunk_of(contract: Contract) -> int:
    """Images per run of a model that accepts any number of them."""
    return max(1, CHUNK_PIXELS // contract.input.size**2)


def input_shape(contract: Contract) -> tuple[Any, ...]:
    """The shape of the model's input, which begins with "n"."""
    size, channels = contract.input.size, 1 if contract.input.color == "gray" else 3
    lengths = {"N": "n", "H": size, "W": size, "C": channels}
    return tuple(lengths[letter] for letter in contract.input.layout)


def to_input(pixels: np.ndarray, contract: Contract) -> np.ndarray:
    """uint8 [n, size, size] or [n, size, size, 3] → the model's input, as model.json describes it."""
    described = contract.input
    images = pixels if described.color == "rgb" else pixels[..., None]
    if described.dtype != "uint8":
        images = images.astype(np.float32) / 255
        if described.mean:
            images = (images - np.float32(described.mean)) / np.float32(described.deviation)
        images = images.astype(described.dtype)
    if described.layout == "NHW":
        images = images[..., 0]
    elif described.layout == "NCHW":
        images = images.transpose(0, 3, 1, 2)
    return np.ascontiguousarray(images)


def softmax(logits: np.ndarray) -> np.ndarray:
    """[n, classes], any float type → float32 [n, classes]."""
    shifted = np.asarray(logits, np.float32)
    powers = np.exp(shifted - shifted.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def show_shape(shape: Any) -> str:
    return f"[{', '.join(map(str, shape))}]"


def show_values(row: np.ndarray) -> str:
    """The first values of a row."""
    shown = ", ".join(f"{value:.2f}" for value in row[:4])
    return f"[{shown}{', ...' if len(row) > 4 else ''}]"


def one_line(error: Exception) -> str:
    """The first line of a library's error that says something, not too long."""
    text = next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)
    with contextlib.suppress(ValueError):
        # ONNX Runtime begins with its own error codes: "[ONNXRuntimeError] : 7 : INVALID_PROTOBUF : Load model ..."
        text = text[text.index(" : ", text.index("] : ") + 4) + 3 :]
    return text if len(text) <= 300 else f"{text[:297]}..."
