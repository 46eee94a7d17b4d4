"""How fast a model is served on one core: ours beside ResNet-18 and ResNet-50 in their ImageNet form, in one run.

    .venv-training/bin/python benchmarks/served_speed.py [--model DIR]     (`make .venv-training/done` installs it)

Writes served_speed.md beside itself, in about a minute. All three go through ONNX Runtime with one thread, in a process
that is pinned to one core. Ours takes uint8 faces and normalises them itself; theirs get float32 that is normalised
already. Their weights are random: the time of a convolution does not depend on them.
"""

import argparse
import json
import os
import platform
import statistics
import tempfile
import textwrap
import time
import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch
from torch import Tensor, nn

MODEL = Path(__file__).parent.parent / "models"
BATCHES = (1, 16, 64)
ROUNDS = 5
# Seconds a measurement takes at least, in as many calls as fit; a large batch of a large model is one call.
SPAN = 0.25
CLASSES = 7
# Blocks a stage, and whether they are bottlenecks of three convolutions.
DEPTHS = {18: ((2, 2, 2, 2), False), 50: ((3, 4, 6, 3), True)}


def convolution(channels_in: int, channels_out: int, kernel: int, stride: int = 1) -> nn.Sequential:
    padding = kernel // 2
    return nn.Sequential(
        nn.Conv2d(channels_in, channels_out, kernel, stride, padding, bias=False), nn.BatchNorm2d(channels_out)
    )


class Block(nn.Module):
    """Two 3x3 convolutions, or 1x1, 3x3 and 1x1 with four times the width at the end; and what goes around them."""

    def __init__(self, channels: int, width: int, stride: int, bottleneck: bool):
        super().__init__()
        out = 4 * width if bottleneck else width
        if bottleneck:
            parts = [convolution(channels, width, 1), convolution(width, width, 3, stride), convolution(width, out, 1)]
        else:
            parts = [convolution(channels, width, 3, stride), convolution(width, out, 3)]
        self.residual = nn.Sequential(*(layer for part in parts for layer in (part, nn.ReLU())))[:-1]
        self.shortcut = nn.Identity() if channels == out and stride == 1 else convolution(channels, out, 1, stride)

    def forward(self, x: Tensor) -> Tensor:
        return torch.relu(self.residual(x) + self.shortcut(x))


def resnet(depth: int) -> nn.Sequential:
    """He et al., "Deep Residual Learning for Image Recognition", 2015, table 1; of a bottleneck the middle convolution
    has the stride, as in most implementations since."""
    counts, bottleneck = DEPTHS[depth]
    layers: list[nn.Module] = [convolution(3, 64, 7, 2), nn.ReLU(), nn.MaxPool2d(3, 2, 1)]
    channels = 64
    for stage, count in enumerate(counts):
        for block in range(count):
            layers.append(Block(channels, 64 * 2**stage, 2 if stage and not block else 1, bottleneck))
            channels = 64 * 2**stage * (4 if bottleneck else 1)
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, CLASSES), nn.Softmax(1))


def export(network: nn.Module, path: Path) -> Path:
    """As train.py exports ours: the count of images stays free, and normalisations are folded into convolutions."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        torch.onnx.export(
            network.eval(),
            (torch.zeros(2, 3, 224, 224),),
            path,
            dynamo=False,
            opset_version=17,
            input_names=["images"],
            output_names=["probabilities"],
            dynamic_axes={"images": {0: "n"}, "probabilities": {0: "n"}},
        )
    return path


@dataclass(frozen=True)
class Contender:
    name: str
    session: onnxruntime.InferenceSession
    size: int  # bytes of the file
    parameters: int
    operations: int  # of an image, a multiplication and an addition being two

    @property
    def shape(self) -> list[int]:
        """An image's, as the model takes it."""
        return self.session.get_inputs()[0].shape[1:]

    @property
    def kind(self) -> str:
        return {"tensor(uint8)": "uint8", "tensor(float)": "float32"}[self.session.get_inputs()[0].type]

    def batch(self, count: int) -> dict[str, np.ndarray]:
        """Noise: what is seen makes no difference to the time."""
        noise = np.random.default_rng(0).integers(0, 256, (count, *self.shape), np.uint8)
        pixels = noise if self.kind == "uint8" else noise.astype(np.float32) / 255 - 0.5
        return {self.session.get_inputs()[0].name: pixels}


def contender(name: str, path: Path) -> Contender:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    graph = onnx.shape_inference.infer_shapes(onnx.load(path)).graph
    floats = (w for w in graph.initializer if w.data_type == onnx.TensorProto.FLOAT)
    parameters = sum(int(np.prod(w.dims)) for w in floats)
    return Contender(name, session, path.stat().st_size, parameters, operations(graph))


def operations(graph: onnx.GraphProto) -> int:
    """Of all convolutions and matrix products, for one image: two for each weight at each place it is applied."""
    weights = {w.name: w.dims for w in graph.initializer}
    shapes = {v.name: [d.dim_value for d in v.type.tensor_type.shape.dim] for v in graph.value_info}
    total = 0
    for node in graph.node:
        if node.op_type == "Identity" and node.input[0] in weights:
            # A network that is applied twice has its weights once.
            weights[node.output[0]] = weights[node.input[0]]
        if node.op_type == "Conv":
            places = int(np.prod(shapes[node.output[0]][2:]))
        elif node.op_type in ("Gemm", "MatMul"):
            places = 1
        else:
            continue
        total += 2 * int(np.prod(weights[node.input[1]])) * places
    return total


def images_a_second(contender: Contender, batch: dict[str, np.ndarray]) -> float:
    [images] = batch.values()
    calls, began = 0, time.perf_counter()
    while (taken := time.perf_counter() - began) < SPAN:
        contender.session.run(None, batch)
        calls += 1
    return calls * len(images) / taken


def measured(contenders: list[Contender]) -> dict[tuple[str, int], list[float]]:
    """Images a second of each model at each batch size, ROUNDS times, after a first call that doesn't count. All take
    turns, so that what else the machine does meets all alike."""
    batches = {(c.name, count): c.batch(count) for c in contenders for count in BATCHES}
    rates: dict[tuple[str, int], list[float]] = {key: [] for key in batches}
    for c in contenders:
        for count in BATCHES:
            c.session.run(None, batches[c.name, count])
    for _ in range(ROUNDS):
        for count in BATCHES:
            for c in contenders:
                rates[c.name, count].append(images_a_second(c, batches[c.name, count]))
    return rates


def table(contenders: list[Contender], rates: dict[tuple[str, int], list[float]]) -> str:
    heads = [f"batch {count}" for count in BATCHES]
    lines = [
        f"| model | an image | MB | parameters, million | GFLOP an image | {' | '.join(heads)} |",
        "| --- | --- | ---: | ---: | ---: |" + " ---: |" * len(heads),
    ]
    for c in contenders:
        cells = []
        for count in BATCHES:
            some = rates[c.name, count]
            cells.append(f"{figure(statistics.median(some))} ({figure(min(some))} to {figure(max(some))})")
        size = f"{c.size / 1e6:.1f} | {c.parameters / 1e6:.1f} | {c.operations / 1e9:.2f}"
        lines.append(f"| {c.name} | {c.kind} {'x'.join(map(str, c.shape))} | {size} | {' | '.join(cells)} |")
    return "\n".join(lines)


def figure(rate: float) -> str:
    return f"{rate:,.0f}" if rate >= 100 else f"{rate:.1f}"


def processor() -> str:
    """Its name, as Linux tells it, and elsewhere what Python knows."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())


def pin() -> str:
    """Pins this process, and the threads that it will start, to one core; says so."""
    if not hasattr(os, "sched_setaffinity"):
        return "not pinned to a core, which this system does not offer"
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    return "pinned to one core"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, default=MODEL, help="a folder of model.onnx and model.json")
    chosen = parser.parse_args()
    pinned = pin()
    torch.set_num_threads(1)
    version = json.loads((chosen.model / "model.json").read_text())["version"]
    with tempfile.TemporaryDirectory() as scratch:
        contenders = [contender(f"Mien, {version}", chosen.model / "model.onnx")]
        for depth in DEPTHS:
            contenders.append(contender(f"ResNet-{depth}", export(resnet(depth), Path(scratch) / f"{depth}.onnx")))
        rows = table(contenders, measured(contenders))
    about = textwrap.fill(
        f"The two others are ResNets in their ImageNet form, with {CLASSES} outputs and random weights: the table says "
        "nothing of how accurate they are. Decoding and scaling of images are not in it. Parameters and operations are "
        "the file's, in which normalisations are folded into convolutions; a multiplication and an addition are two "
        f"operations. The models took turns in one process, {pinned} (CPU: {processor()}), with one thread of ONNX "
        f"Runtime {onnxruntime.__version__}; exported by PyTorch {torch.__version__}, on Python "
        f"{platform.python_version()}. Written, in the environment of `make .venv-training/done`, by",
        120,
        break_long_words=False,
        break_on_hyphens=False,
    )
    text = f"""# Speed of serving, on one core

Images a second: the median of {ROUNDS} measurements, and the lowest and highest.

{rows}

{about}

    .venv-training/bin/python benchmarks/served_speed.py{"" if chosen.model == MODEL else " --model DIR"}
"""
    Path(__file__).with_suffix(".md").write_text(text)
    print(text)


if __name__ == "__main__":
    main()
