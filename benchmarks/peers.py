"""Compares models with the networks of other packages: the same faces, one core.

    .venv-training/bin/python -m pip install --no-deps --require-hashes --target build/peers -r requirements/peers.txt
    .venv-training/bin/python benchmarks/peers.py public_test.csv.gz train.csv.gz [--model DIR]... [--page]

Needs the environment of `make install-training`, FER2013's public test and training set, and a few minutes.
All networks run in one process that is pinned to one core, with one thread. Prints a table; with --page, it also writes
peers.md.
"""

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

# Before NumPy and ONNX Runtime are imported.
os.environ["MIEN_THREADS"] = "1"

import numpy as np
from rich.progress import Progress, track

sys.path.insert(0, str(Path(__file__).parent.parent))

from benchmarks.peer_networks import PEERS, Network, NotInstalled
from benchmarks.report import write_page
from benchmarks.resnets import RESNETS, export, resnet
from benchmarks.served_speed import (
    committed_models,
    load_contender,
    name_of,
    pin_to_one_core,
    processor_name,
    summarize,
)
from training.data import fer2013
from training.data.labelled_images import LabelledImages
from training.evaluation.duplicates import overlap_with_csv
from training.evaluation.measure import LoadedModel, load_model, measure, probabilities

BATCH = 64
ROUNDS = 5
# Minimum duration of a measurement, in seconds: as many calls as fit.
MEASUREMENT_SECONDS = 0.5
# What is asked for the speed. A call of one image, or of a batch.
Call = Callable[[], Any]


@dataclass(frozen=True)
class Contender:
    """One row of the table.

    size: bytes of the network's file.
    image: what it reads.
    figures, without: what `measure` returns, and the accuracy on faces that the training set lacks; None if its weights
        are random.
    single, batch: runs the network for one image, and for BATCH images; None if its package never does that.
    """

    name: str
    size: int
    image: str
    figures: dict[str, Any] | None
    without: dict[str, Any] | None
    single: Call
    batch: Call | None


def of_model(folder: Path, faces: LabelledImages, training: LabelledImages) -> Contender:
    model: LoadedModel = load_model(folder)
    with Progress() as progress:
        task = progress.add_task(f"{folder}", total=len(faces))
        rows = probabilities(faces.images, model, lambda count: progress.advance(task, count))
    file = folder / model.contract.file
    return Contender(
        name_of(folder),
        file.stat().st_size,
        "48x48",
        measure(faces, rows),
        overlap_with_csv(faces, rows, training)["without"],
        lambda: probabilities(faces.images[:1], model),
        lambda: probabilities(faces.images[:BATCH], model),
    )


def of_package(network: Network, faces: LabelledImages, training: LabelledImages) -> Contender:
    package = network.package
    answers = [
        network.probabilities(face, faces.classes) for face in track(faces.images, description=package.name.ljust(8))
    ]
    rows = np.stack(answers)
    prepared = network.prepare(faces.images[0])
    return Contender(
        f"{package.name} {package.version}",
        package.path.stat().st_size,
        f"{package.size}x{package.size}",
        measure(faces, rows),
        overlap_with_csv(faces, rows, training)["without"],
        lambda: network.run(prepared),
        None,
    )


def of_resnet(depth: int, folder: Path) -> Contender:
    path = export(resnet(depth), folder / f"{depth}.onnx")
    served = load_contender(f"ResNet-{depth}", path, 1)
    single, batch = served.random_batch(1), served.random_batch(BATCH)
    return Contender(
        f"ResNet-{depth}",
        path.stat().st_size,
        "224x224",
        None,
        None,
        lambda: served.session.run(None, single),
        lambda: served.session.run(None, batch),
    )


def images_per_second(call: Call, count: int) -> float:
    calls, taken, began = 0, 0.0, time.perf_counter()
    while taken < MEASUREMENT_SECONDS:
        call()
        calls += 1
        taken = time.perf_counter() - began
    return calls * count / taken


def measure_rates(contenders: Sequence[Contender]) -> dict[tuple[str, int], list[float]]:
    """Images per second, ROUNDS times, by name and size of the batch. They take turns. First calls are not measured."""
    calls = {
        (contender.name, count): call
        for contender in contenders
        for count, call in ((1, contender.single), (BATCH, contender.batch))
        if call
    }
    rates: dict[tuple[str, int], list[float]] = {key: [] for key in calls}
    for call in calls.values():
        call()
    for _ in track(range(ROUNDS), description="speed   "):
        for (name, count), call in calls.items():
            rates[name, count].append(images_per_second(call, count))
    return rates


def table(contenders: Sequence[Contender], rates: dict[tuple[str, int], list[float]]) -> list[str]:
    lines = [
        "| network | reads | MB | accuracy | 95% interval | on new faces | log loss | calibration error | one by one |"
        f" batches of {BATCH} |",
        "| --- | --- | ---: | ---: | --- | ---: | ---: | ---: | ---: | ---: |",
    ]
    for contender in contenders:
        speeds = [
            summarize(rates[contender.name, count]) if (contender.name, count) in rates else "" for count in (1, BATCH)
        ]
        size = f"{contender.size / 1e6:.1f}"
        lines.append(f"| {' | '.join([contender.name, contender.image, size, *accuracy_cells(contender), *speeds])} |")
    return lines


def accuracy_cells(contender: Contender) -> list[str]:
    figures = contender.figures
    if figures is None:
        return [""] * 5
    low, high = figures["accuracy_95"]
    return [
        f"{figures['accuracy']:.4f}",
        f"{low:.3f} to {high:.3f}",
        f"{contender.without['accuracy']:.4f}" if contender.without else "",
        f"{figures['log_loss']:.3f}",
        f"{figures['expected_calibration_error']:.3f}",
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("test", type=Path, metavar="TEST", help="CSV with FER2013's public test")
    parser.add_argument("training", type=Path, metavar="TRAINING", help="CSV with FER2013's training set")
    parser.add_argument("--model", type=Path, action="append", help="folder of a model; can be repeated (models)")
    parser.add_argument("--page", action="store_true", help="write peers.md")
    options = parser.parse_args()
    pinned = pin_to_one_core()
    faces = fer2013.load_faces(options.test, frozenset({"PublicTest"}))
    training = fer2013.load_faces(options.training, fer2013.TRAINING)
    try:
        networks = [Network(package) for package in PEERS]
    except NotInstalled as error:
        sys.exit(str(error))
    with tempfile.TemporaryDirectory() as scratch:
        contenders = [of_model(folder.resolve(), faces, training) for folder in options.model or committed_models()]
        contenders += [of_package(network, faces, training) for network in networks]
        contenders += [of_resnet(depth, Path(scratch)) for depth in RESNETS]
        lines = table(contenders, measure_rates(contenders))
    notes = f"""
        The {len(faces):,} faces of FER2013's public test. "On new faces" is the accuracy on those whose pixels are not
        in FER2013's training set. Mien's models have learned that set, and fer does not say what its network has
        learned. The last two columns are images per
        second: the median of {ROUNDS} measurements, and the lowest and the highest one in brackets. The networks took
        turns in one process, {pinned} (CPU: {processor_name()}), with one thread. Decoding, scaling and looking for
        faces are not measured.

        The networks of fer and facex are the files in these packages. They get the faces as their packages prepare
        them, scaled from 48 pixels to their size, and run one face at a time, as their packages do. Their runtime is
        LiteRT instead of TensorFlow. facex expects larger faces than these.
        The ResNets have random weights, so they have a speed only. Other packages have no weights in them, such as
        facial-emotion-recognition, or download them from addresses that are not pinned.
    """
    if options.page:
        write_page(__file__, "Other networks", lines, notes, COMMAND)
    else:
        sys.stdout.write("\n".join(lines) + "\n")


COMMAND = ".venv-training/bin/python benchmarks/peers.py public_test.csv.gz train.csv.gz --page"

if __name__ == "__main__":
    main()
