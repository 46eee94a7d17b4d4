"""Looks into a model's file, ONNX or TorchScript, for what model.json has to say of it.

What the file does not state comes from options. What neither states is assumed, and the assumptions are listed.
"""

import itertools
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parent.parent / "container"))

import network

CHANNELS = {1: "gray", 3: "rgb"}
DTYPES = {name: dtype for dtype, name in network.ONNX_TYPES.items()}


@dataclass(frozen=True)
class Options:
    """What the options say of a model. None: they don't say it.

    layout: "NHW", "NHWC" or "NCHW".
    size: pixels per side.
    color: "gray" or "rgb".
    dtype: "uint8", "float32" or "float16".
    output: name of the output.
    values: "probabilities" or "logits".
    mean, deviation: one number per channel.
    normalisation: "imagenet" or "none".
    faces: "find" or "whole".
    """

    layout: str | None = None
    size: int | None = None
    color: str | None = None
    dtype: str | None = None
    output: str | None = None
    values: str | None = None
    mean: list[float] | None = None
    deviation: list[float] | None = None
    normalisation: str | None = None
    faces: str | None = None


@dataclass
class Inspection:
    """What is known of a model.

    input, output: these fields of model.json, without normalisation and values.
    outputs: the number of values per image.
    rows: the model's output for two images of noise.
    assumed: what neither the file nor an option states, one sentence for each.
    """

    input: dict[str, Any]
    output: dict[str, str]
    outputs: int
    rows: np.ndarray
    assumed: list[str] = field(default_factory=list)


def inspect(path: Path, options: Options) -> Inspection:
    """Looks into a model's file. Raises ValueError if it can't be served, or if an option is needed."""
    return inspect_onnx(path, options) if path.suffix == ".onnx" else inspect_torchscript(path, options)


def inspect_onnx(path: Path, options: Options) -> Inspection:
    session = network.open_session(path)
    tensors = session.get_inputs()
    if len(tensors) != 1:
        names = ", ".join(tensor.name for tensor in tensors) or "none"
        raise ValueError(f"{path} has {len(tensors)} inputs ({names}), and only models with one input can be served")
    [tensor] = tensors
    if tensor.type not in DTYPES:
        raise ValueError(f"{path} reads {tensor.type}, and only {', '.join(DTYPES)} can be served")
    layout, size, color = read_shape(path, tensor.shape, options)
    described = {"name": tensor.name, "size": size, "color": color, "layout": layout, "dtype": DTYPES[tensor.type]}
    for name, given in (("layout", options.layout), ("size", options.size), ("color", options.color)):
        if given is not None and given != described[name]:
            raise ValueError(f"--{name} {given} does not fit {path}, which reads {network.show_shape(tensor.shape)}")
    if options.dtype not in (None, described["dtype"]):
        raise ValueError(f"--dtype {options.dtype} does not fit {path}, which reads {tensor.type}")
    output = choose_output(path, [tensor.name for tensor in session.get_outputs()], options.output)
    batch = tensor.shape[0] if isinstance(tensor.shape[0], int) else 2
    rows = run(lambda images: session.run([output], {tensor.name: images})[0], noise(described, batch), path)
    return Inspection(described, {"name": output}, rows.shape[1], rows)


def read_shape(path: Path, shape: Sequence[Any], options: Options) -> tuple[str, int, str]:
    """Returns layout, size and color of an ONNX model's input. Raises ValueError if they can't be known."""
    shown = network.show_shape(shape)
    layouts = {3: ("NHW",), 4: ("NCHW", "NHWC")}.get(len(shape))
    if not layouts:
        raise ValueError(f"{path} reads {shown}, which is not a batch of images")
    fitting = [layout for layout in layouts if layout == "NHW" or shape[layout.index("C")] in CHANNELS]
    if options.layout in layouts and (options.layout == "NHW" or not isinstance(shape[options.layout.index("C")], int)):
        fitting = [options.layout]
    if options.layout in fitting:
        fitting = [options.layout]
    if len(fitting) != 1:
        channels = [shape[layout.index("C")] for layout in layouts]
        if all(isinstance(count, int) for count in channels):
            raise ValueError(f"{path} reads {shown}, and only images with 1 or 3 channels can be served")
        raise ValueError(f"{path} reads {shown}: say with --layout NCHW or --layout NHWC where the channels are")
    [layout] = fitting
    color = "gray" if layout == "NHW" else CHANNELS.get(shape[layout.index("C")], options.color)
    if color is None:
        raise ValueError(f"{path} reads {shown}: say with --color gray or --color rgb how many channels it has")
    sides = {shape[layout.index(letter)] for letter in "HW"}
    fixed = {side for side in sides if isinstance(side, int)}
    if len(fixed) > 1:
        raise ValueError(f"{path} reads {shown}, and only square images can be served")
    size = fixed.pop() if fixed else options.size
    if size is None:
        raise ValueError(f"{path} reads {shown}: give the side of the images it was trained with, such as --size 224")
    return layout, size, color


def choose_output(path: Path, names: Sequence[str], wanted: str | None) -> str:
    if wanted in names:
        return str(wanted)
    if wanted is None and len(names) == 1:
        return names[0]
    problem = f"{path} has no output {wanted}" if wanted else f"{path} has {len(names)} outputs"
    raise ValueError(f"{problem}: choose with --output one of {', '.join(names)}")


def inspect_torchscript(path: Path, options: Options) -> Inspection:
    """A TorchScript file states neither shape nor type: the first combination that the model accepts is taken."""
    torch, module = network.open_module(path)
    if options.size is None:
        raise ValueError(f"{path} does not state its size: give the side of the images it was trained with as --size")

    def answer(images: np.ndarray) -> Any:
        with torch.inference_mode():
            result = module(torch.from_numpy(images))
        if isinstance(result, dict):
            result = result[choose_output(path, list(result), options.output)]
        if not isinstance(result, torch.Tensor):
            raise ValueError(f"{path} answers with a {type(result).__name__}, and only one tensor can be served")
        return result.float().numpy()

    layouts = [options.layout] if options.layout else ["NCHW", "NHWC", "NHW"]
    colors = [options.color] if options.color else ["rgb", "gray"]
    dtypes = [options.dtype] if options.dtype else ["float32", "uint8"]
    tried: list[str] = []
    for layout, color, dtype in itertools.product(layouts, colors, dtypes):
        if layout == "NHW" and color == "rgb":
            continue
        described = {"size": options.size, "color": color, "layout": layout, "dtype": dtype}
        try:
            rows = run(answer, noise(described), path)
        except ValueError as error:
            tried.append(f"{dtype} {layout} {color}: {error}")
            continue
        found = Inspection(described, {"name": options.output} if options.output else {}, rows.shape[1], rows)
        for name, given in (("layout", options.layout), ("color", options.color), ("dtype", options.dtype)):
            if given is None:
                found.assumed.append(f"--{name} {described[name]}: the first one that the model accepted")
        return found
    raise ValueError(f"{path} accepts no images of --size {options.size}: the first attempt was {tried[0]}")


def noise(described: dict[str, Any], count: int = 2) -> np.ndarray:
    """Random images as the model's input, for which no trained model answers with a constant."""
    lengths = {
        "N": count,
        "H": described["size"],
        "W": described["size"],
        "C": 1 if described["color"] == "gray" else 3,
    }
    pixels = np.random.default_rng(0).integers(0, 256, [lengths[letter] for letter in described["layout"]], np.uint8)
    return pixels if described["dtype"] == "uint8" else (pixels / 255).astype(described["dtype"])


def run(model: Callable[[np.ndarray], Any], images: np.ndarray, path: Path) -> np.ndarray:
    """Returns the model's output, [n, outputs]. Raises ValueError if it fails, or answers with something else."""
    try:
        rows = np.asarray(model(images))
    except ValueError:
        raise
    except Exception as error:  # ONNX Runtime's errors have no class of their own.
        shape = network.show_shape(images.shape)
        raise ValueError(f"{path} fails on {images.dtype} {shape}: {network.one_line(error)}") from None
    if rows.ndim != 2 or len(rows) != len(images):
        shown = network.show_shape(rows.shape)
        raise ValueError(f"{path} answers {len(images)} images with {shown}, and not with one row of values per image")
    return rows
