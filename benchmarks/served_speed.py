"""Measures how fast a model is served on one core: ours, and ResNet-18 and ResNet-50 in their ImageNet form.

    .venv-training/bin/python benchmarks/served_speed.py [--model DIR]

Needs the environment of `make install-training`, and about a minute. All models run in ONNX Runtime with one thread, in
one process that is pinned to one core. Ours reads uint8 faces and normalises them itself; the ResNets read float32 that
is already normalised. The ResNets have random weights, because the weights don't change the time of a convolution.
Writes served_speed.md.
"""

import argparse
import json
import os
import platform
import statistics
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import torch

sys.path.insert(0, str(Path(__file__).parent.parent))

from benchmarks.report import write_page
from benchmarks.resnets import CLASSES, RESNETS, export, resnet

MODEL = Path(__file__).parent.parent / "models"
BATCH_SIZES = (1, 16, 64)
ROUNDS = 5
# Minimum duration of a measurement, in seconds: as many calls as fit, or one call of a large model with a large batch.
MEASUREMENT_SECONDS = 0.25


@dataclass(frozen=True)
class Contender:
    """One of the compared models.

    size: bytes of the file.
    parameters: number of weights in the file.
    operations: for one image, where a multiplication and an addition are two operations.
    """

    name: str
    session: onnxruntime.InferenceSession
    size: int
    parameters: int
    operations: int

    @property
    def image_shape(self) -> list[int]:
        shape: list[int] = self.session.get_inputs()[0].shape[1:]
        return shape

    @property
    def dtype(self) -> str:
        return {"tensor(uint8)": "uint8", "tensor(float)": "float32"}[self.session.get_inputs()[0].type]

    def random_batch(self, count: int) -> dict[str, np.ndarray]:
        """Random images as input of the session. The time does not depend on the images."""
        noise = np.random.default_rng(0).integers(0, 256, (count, *self.image_shape), np.uint8)
        pixels = noise if self.dtype == "uint8" else noise.astype(np.float32) / 255 - 0.5
        return {self.session.get_inputs()[0].name: pixels}


def load_contender(name: str, path: Path) -> Contender:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    graph = onnx.shape_inference.infer_shapes(onnx.load(path)).graph
    weights = (w for w in graph.initializer if w.data_type == onnx.TensorProto.FLOAT)
    parameters = sum(int(np.prod(w.dims)) for w in weights)
    return Contender(name, session, path.stat().st_size, parameters, count_operations(graph))


def count_operations(graph: Any) -> int:
    """Operations of all convolutions and matrix products for one image.

    graph: an onnx.GraphProto with inferred shapes. Each weight needs two operations, a multiplication and an addition,
        at each position to which it is applied.
    """
    weights = {w.name: w.dims for w in graph.initializer}
    shapes = {v.name: [d.dim_value for d in v.type.tensor_type.shape.dim] for v in graph.value_info}
    total = 0
    for node in graph.node:
        if node.op_type == "Identity" and node.input[0] in weights:
            # A network that is applied twice stores its weights once, and names them a second time.
            weights[node.output[0]] = weights[node.input[0]]
        if node.op_type == "Conv":
            positions = int(np.prod(shapes[node.output[0]][2:]))
        elif node.op_type in ("Gemm", "MatMul"):
            positions = 1
        else:
            continue
        total += 2 * int(np.prod(weights[node.input[1]])) * positions
    return total


def images_per_second(contender: Contender, batch: Mapping[str, np.ndarray]) -> float:
    """Runs the model on a batch again and again, for at least MEASUREMENT_SECONDS."""
    [images] = batch.values()
    calls = 0
    began = time.perf_counter()
    taken = 0.0
    while taken < MEASUREMENT_SECONDS:
        contender.session.run(None, batch)
        calls += 1
        taken = time.perf_counter() - began
    return calls * len(images) / taken


def measure_rates(contenders: list[Contender]) -> dict[tuple[str, int], list[float]]:
    """Images per second of each model at each batch size, ROUNDS times, by the model's name and the batch size.

    A first call of each is not measured. The models take turns, so other work on the machine affects all of them alike.
    """
    batches = {(c.name, count): c.random_batch(count) for c in contenders for count in BATCH_SIZES}
    rates: dict[tuple[str, int], list[float]] = {key: [] for key in batches}
    for contender in contenders:
        for count in BATCH_SIZES:
            contender.session.run(None, batches[contender.name, count])
    for _ in range(ROUNDS):
        for count in BATCH_SIZES:
            for contender in contenders:
                rate = images_per_second(contender, batches[contender.name, count])
                rates[contender.name, count].append(rate)
    return rates


def rate_table(contenders: list[Contender], rates: Mapping[tuple[str, int], list[float]]) -> list[str]:
    batches = " | ".join(f"batch {count}" for count in BATCH_SIZES)
    lines = [
        f"| model | image | MB | parameters, million | GFLOP per image | {batches} |",
        "| --- | --- | ---: | ---: | ---: |" + " ---: |" * len(BATCH_SIZES),
    ]
    for c in contenders:
        cells = [
            c.name,
            f"{c.dtype} {'x'.join(map(str, c.image_shape))}",
            f"{c.size / 1e6:.1f}",
            f"{c.parameters / 1e6:.1f}",
            f"{c.operations / 1e9:.2f}",
            *(summarize(rates[c.name, count]) for count in BATCH_SIZES),
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def summarize(rates: list[float]) -> str:
    """Median, lowest and highest rate, with three significant digits: `50.5 (50.2 to 51.3)`."""
    median, lowest, highest = (
        f"{rate:,.0f}" if rate >= 100 else f"{rate:.1f}" for rate in (statistics.median(rates), min(rates), max(rates))
    )
    return f"{median} ({lowest} to {highest})"


def processor_name() -> str:
    """The processor's name, from /proc/cpuinfo on Linux and otherwise as Python reports it."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())


def pin_to_one_core() -> str:
    """Pins this process and its future threads to one core. Returns words for the page that say whether it worked."""
    if not hasattr(os, "sched_setaffinity"):
        return "not pinned to a core, because this operating system can't do that"
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    return "pinned to one core"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, default=MODEL, help="folder with model.onnx and model.json (models)")
    folder: Path = parser.parse_args().model
    pinned = pin_to_one_core()
    torch.set_num_threads(1)
    version = json.loads((folder / "model.json").read_text())["version"]
    with tempfile.TemporaryDirectory() as scratch:
        contenders = [load_contender(f"Mien, {version}", folder / "model.onnx")]
        for depth in RESNETS:
            path = export(resnet(depth), Path(scratch) / f"{depth}.onnx")
            contenders.append(load_contender(f"ResNet-{depth}", path))
        table = rate_table(contenders, measure_rates(contenders))
    notes = f"""
        Images per second: the median of {ROUNDS} measurements, and the lowest and the highest one in brackets.

        The other two models are ResNets in their ImageNet form, with {CLASSES} outputs and random weights. The table
        does not show how accurate they are, and does not include the decoding and scaling of images. Parameters and
        operations are counted in the model file, in which normalisations are folded into convolutions. A multiplication
        and an addition are two operations.

        The models took turns in one process, {pinned} (CPU: {processor_name()}), with one thread of ONNX Runtime
        {onnxruntime.__version__}. PyTorch {torch.__version__} exported the ResNets, on Python
        {platform.python_version()}. `make install-training` installs what the script needs.
    """
    command = ".venv-training/bin/python benchmarks/served_speed.py" + ("" if folder == MODEL else " --model DIR")
    write_page(__file__, "Speed of serving, on one core", table, notes, command)


if __name__ == "__main__":
    main()
