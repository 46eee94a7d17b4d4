"""Measures how fast models are served: ours, and ResNet-18 and ResNet-50 in their ImageNet form.

    .venv-training/bin/python benchmarks/served_speed.py [--model DIR ...]

Needs the environment of `make install-training`, and about a minute. All models run in ONNX Runtime, as the container
runs them: with one thread in a process that is pinned to one core, and on all cores. Ours reads uint8 faces and
normalises them itself; the ResNets read float32 that is already normalised. The ResNets have random weights, because
the weights don't change the time of a convolution. The machine's own peak is measured beside them.
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

import numpy as np
import onnx
import onnxruntime
import torch

sys.path.insert(0, str(Path(__file__).parent.parent))
sys.path.insert(0, str(Path(__file__).parent.parent / "training" / "container"))

from benchmarks.matrix_peak import SIZES, measure_peak
from benchmarks.operations import Node, count_operations, count_parameters
from benchmarks.report import write_page
from benchmarks.resnets import CLASSES, RESNETS, export, resnet
from cores import available_cores
from network import open_session

MODEL = (Path(__file__).parent.parent / "models").resolve()
BATCH_SIZES = (1, 16, 64)
ROUNDS = 5
# Batch of the comparison with the machine's peak.
PEAK_BATCH = 16
# Types of weights: 32-bit floats, and 8-bit integers with their 32-bit sums. Others are shapes and indices.
WEIGHT_TYPES = (
    *(onnx.TensorProto.FLOAT, onnx.TensorProto.FLOAT16),
    *(onnx.TensorProto.INT8, onnx.TensorProto.UINT8, onnx.TensorProto.INT32),
)
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


def load_contender(name: str, path: Path, threads: int) -> Contender:
    """threads: how many compute. The session is the one that the container serves."""
    session = open_session(path, threads)
    graph = onnx.shape_inference.infer_shapes(onnx.load(path)).graph
    nodes = [Node(node.op_type, node.input, node.output[0]) for node in graph.node]
    weights = {w.name: w.dims for w in graph.initializer if w.data_type in WEIGHT_TYPES}
    shapes = {v.name: [d.dim_value for d in v.type.tensor_type.shape.dim] for v in graph.value_info}
    operations = count_operations(nodes, weights, shapes)
    return Contender(name, session, path.stat().st_size, count_parameters(nodes, weights), operations)


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


def measure_on_all_cores(contenders: list[Contender]) -> dict[str, float]:
    """Images per second of each model in batches of PEAK_BATCH: the median of ROUNDS measurements, by its name."""
    batches = {c.name: c.random_batch(PEAK_BATCH) for c in contenders}
    rates: dict[str, list[float]] = {c.name: [] for c in contenders}
    for _ in range(ROUNDS):
        for c in contenders:
            rates[c.name].append(images_per_second(c, batches[c.name]))
    return {name: statistics.median(measured) for name, measured in rates.items()}


def peak_table(
    contenders: list[Contender], one_core: Mapping[str, float], all_cores: Mapping[str, float], peaks: list[float]
) -> list[str]:
    """How much of the machine's peak the models reach.

    one_core, all_cores: images per second of each model, by its name.
    peaks: operations per second on one core and on all.
    """
    lines = [
        "| | one core, GFLOP/s | share of the peak | all cores, GFLOP/s | share of the peak |",
        "| --- | ---: | ---: | ---: | ---: |",
        f"| product of matrices | {peaks[0] / 1e9:.0f} | | {peaks[1] / 1e9:.0f} | |",
    ]
    for c in contenders:
        cells = [c.name]
        for rates, peak in zip((one_core, all_cores), peaks, strict=True):
            reached = rates[c.name] * c.operations
            cells += [f"{reached / 1e9:.0f}", f"{reached / peak:.0%}"]
        lines.append(f"| {' | '.join(cells)} |")
    return lines


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


def committed_models() -> list[Path]:
    """The folders of the default model, and of the others beside it."""
    return [MODEL, *(path.parent for path in sorted(MODEL.glob("*/model.json")))]


def name_of(folder: Path) -> str:
    """A model's name in the tables, such as `Mien, models/fast, 0123456789ab`."""
    place = MODEL.name if folder.resolve() == MODEL else f"{folder.resolve().parent.name}/{folder.name}"
    return f"Mien, {place}, {json.loads((folder / 'model.json').read_text())['version']}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, action="append", help="folder of a model; can be repeated (models)")
    folders: list[Path] | None = parser.parse_args().model
    torch.set_num_threads(1)
    cores = available_cores()
    with tempfile.TemporaryDirectory() as scratch:
        files = {name_of(folder): folder / "model.onnx" for folder in folders or committed_models()}
        files |= {f"ResNet-{n}": export(resnet(n), Path(scratch) / f"{n}.onnx") for n in RESNETS}
        peaks = [measure_peak(threads) for threads in (1, cores)]
        on_all_cores = measure_on_all_cores([load_contender(name, path, cores) for name, path in files.items()])
        pinned = pin_to_one_core()
        contenders = [load_contender(name, path, 1) for name, path in files.items()]
        rates = measure_rates(contenders)
    on_one_core = {c.name: statistics.median(rates[c.name, PEAK_BATCH]) for c in contenders}
    table = [*rate_table(contenders, rates), "", *peak_table(contenders, on_one_core, on_all_cores, peaks)]
    notes = f"""
        Images per second: the median of {ROUNDS} measurements, and the lowest and the highest one in brackets.

        The last two models are ResNets in their ImageNet form, with {CLASSES} outputs and random weights. The table
        does not show how accurate they are, and does not include the decoding and scaling of images. Parameters and
        operations are counted in the model file, in which normalisations are folded into convolutions. A multiplication
        and an addition are two operations.

        The second table compares the models with the machine: operations per second in batches of {PEAK_BATCH}, on one
        core and on all {cores} with as many threads, and the most that a product of two float32 matrices of
        {", ".join(map(str, SIZES))} rows reached in the same process. 8-bit integers can exceed it.

        The models took turns in one process, {pinned} (CPU: {processor_name()}), with one thread of ONNX Runtime
        {onnxruntime.__version__}. PyTorch {torch.__version__} exported the ResNets, on Python
        {platform.python_version()}. `make install-training` installs what the script needs.
    """
    command = ".venv-training/bin/python benchmarks/served_speed.py" + " --model DIR" * len(folders or [])
    write_page(__file__, "Speed of serving, on one core", table, notes, command)


if __name__ == "__main__":
    main()
