"""Measures what 8-bit integers and ONNX Runtime's optimisations do to a model: its accuracy, and its speed on one core.

    .venv-training/bin/python benchmarks/quantized.py DATA --model DIR [--page]

Needs the environment of `make install-training`, a folder DATA that `python -m training prepare` wrote, and a few
minutes. Its training images calibrate the quantized model, and its held-out images measure the accuracy. All models run
in one process that is pinned to one core, with one thread. Prints a table; with --page it also writes quantized.md.
"""

import argparse
import os
import platform
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

# Before NumPy and ONNX Runtime are imported.
os.environ["MIEN_THREADS"] = "1"

import numpy as np
import onnxruntime

sys.path.insert(0, str(Path(__file__).parent.parent))

from benchmarks.report import write_page
from benchmarks.served_speed import pin_to_one_core, processor_name, summarize
from training.evaluation.channels import HELD_OUT, TRAINING, load_channel
from training.evaluation.measure import LoadedModel, load_model, probabilities
from training.evaluation.paired import compare
from training.evaluation.sources import read_channel, with_labels_of
from training.quantization.static import quantize_model

IMAGES = 512
BATCH_SIZES = (1, 8, 32, 64)
ROUNDS = 5
# Minimum duration of a measurement, in seconds.
MEASUREMENT_SECONDS = 0.5
LEVELS = {
    "basic": onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC,
    "extended": onnxruntime.GraphOptimizationLevel.ORT_ENABLE_EXTENDED,
    "all": onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL,
}


def open_session(path: Path, level: Any) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.graph_optimization_level = level
    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])


def images_per_second(session: onnxruntime.InferenceSession, batch: np.ndarray) -> float:
    """Runs a model on a batch again and again, for at least MEASUREMENT_SECONDS."""
    inputs = {session.get_inputs()[0].name: batch}
    calls, taken, began = 0, 0.0, time.perf_counter()
    while taken < MEASUREMENT_SECONDS:
        session.run(None, inputs)
        calls += 1
        taken = time.perf_counter() - began
    return calls * len(batch) / taken


def measure_rates(files: dict[str, Path], images: np.ndarray) -> dict[tuple[str, str, int], list[float]]:
    """Images per second, ROUNDS times, by the model's name, the level of optimisation and the size of the batch.

    They take turns, so other work on the machine affects all of them alike. A first call of each is not measured.
    """
    sessions = {
        (name, word): open_session(path, level) for name, path in files.items() for word, level in LEVELS.items()
    }
    rates: dict[tuple[str, str, int], list[float]] = {(*key, count): [] for key in sessions for count in BATCH_SIZES}
    for session in sessions.values():
        session.run(None, {session.get_inputs()[0].name: images[: max(BATCH_SIZES)]})
    for _ in range(ROUNDS):
        for name, word, count in rates:
            rates[name, word, count].append(images_per_second(sessions[name, word], images[:count]))
    return rates


def rate_table(files: dict[str, Path], rates: dict[tuple[str, str, int], list[float]]) -> list[str]:
    lines = [
        f"| model | optimisation | {' | '.join(f'batch {count}' for count in BATCH_SIZES)} |",
        f"| --- | --- |{' ---: |' * len(BATCH_SIZES)}",
    ]
    for name in files:
        for word in LEVELS:
            cells = [summarize(rates[name, word, count]) for count in BATCH_SIZES]
            lines.append(f"| {name} | {word} | {' | '.join(cells)} |")
    return lines


def accuracy_table(models: dict[str, tuple[LoadedModel, Path]], data: Path) -> list[str]:
    """A row per model: size, accuracy and log loss, with their differences from the first model, image by image."""
    [float_model, _], *_ = models.values()
    outputs = list(float_model.contract.labels)
    images = with_labels_of(read_channel(data / HELD_OUT, float_model), outputs, "the model", str(data))
    lines = [
        "| model | MB | accuracy | difference | log loss | difference |",
        "| --- | ---: | ---: | ---: | ---: | ---: |",
    ]
    first = probabilities(images.images, float_model)
    for name, (model, path) in models.items():
        rows = first if model is float_model else probabilities(images.images, model)
        found = compare(rows, images.labels, first, images.labels)
        cells = [name, f"{path.stat().st_size / 1e6:.1f}"]
        for part in (found["accuracy"], found["log_loss"]):
            error = f"{part['difference']:+.4f} ± {part['standard_error']:.4f}" if model is not float_model else ""
            cells += [f"{part['own']:.4f}", error]
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, metavar="DATA", help="folder that prepare wrote")
    parser.add_argument("--model", type=Path, required=True, help="folder of a model that computes in float32")
    parser.add_argument("--page", action="store_true", help="write quantized.md")
    arguments = parser.parse_args()
    folder, data = arguments.model, arguments.data
    pinned = pin_to_one_core()
    training = load_channel(data / TRAINING)
    with tempfile.TemporaryDirectory() as scratch:
        quantized = Path(scratch)
        quantize_model(folder, training.images, IMAGES, 0, quantized, "")
        files = {"float32": folder / "model.onnx", "int8": quantized / "model.onnx"}
        models = {name: (load_model(path.parent), path) for name, path in files.items()}
        accuracies = accuracy_table(models, data)
        rates = rate_table(files, measure_rates(files, training.images))
    version = models["float32"][0].contract.version
    notes = f"""
        The model is {version}. The first table has the accuracy on the images that `prepare` held out, and the
        differences from the float model, image by image, with their standard errors. The second table has images per
        second: the median of {ROUNDS} measurements, and the lowest and the highest one in brackets. The level "all" is
        ONNX Runtime's default, with which models are served.

        The models took turns in one process, {pinned} (CPU: {processor_name()}), with one thread of ONNX Runtime
        {onnxruntime.__version__} on Python {platform.python_version()}. {IMAGES} training images calibrated the
        quantized one.
    """
    table = [*accuracies, "", *rates]
    if arguments.page:
        write_page(
            __file__,
            "8-bit integers, on one core",
            table,
            notes,
            f".venv-training/bin/python benchmarks/quantized.py build/fer2013 --model {folder} --page",
        )
    else:
        sys.stdout.write("\n".join(table) + "\n")


if __name__ == "__main__":
    main()
