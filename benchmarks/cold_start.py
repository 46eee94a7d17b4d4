"""Measures the cold start of the functions: the size of what Lambda loads, and the time until a handler can be called.

    .venv-runtime/bin/python benchmarks/cold_start.py

Lambda unpacks a function's package and its layer into read-only folders, so their modules are compiled at each cold
start. The modules of the runtime, boto3 among them, are compiled in advance. Two rows show what bundling boto3 would
cost. A second table compares the detector's layer with one of NumPy alone, for both processors. pip downloads them, so
the first run needs a network. Writes cold_start.md.
"""

import os
import platform
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Sequence
from pathlib import Path

import boto3

sys.path.insert(0, str(Path(__file__).parent.parent))

from benchmarks.report import write_page
from local import sam, template
from local.cloud import CREDENTIALS, UNDEPLOYED_REFERENCES
from local.package import build_package
from local.paths import DETECTOR

RUNS = 15
# boto3 and its dependencies, as they are named in site-packages.
BUNDLED = ("boto3", "botocore", "s3transfer", "dateutil", "urllib3", "six.py")
INBOX = "import mien.handlers.inbox"
API = "import mien.handlers.api"
PAGE = "import mien.handlers.page"
# The template's values of Architecture, and pip's names of these processors.
PROCESSORS = {"arm64": "aarch64", "x86_64": "x86_64"}


def main() -> None:
    with tempfile.TemporaryDirectory() as scratch:
        package, bundled = Path(scratch) / "package", Path(scratch) / "bundled"
        with zipfile.ZipFile(build_package()) as archive:
            archive.extractall(package)
        shutil.copytree(package, bundled)
        bundle_boto3(bundled)
        layers = {name: install_layer(name, Path(scratch) / name) for name in PROCESSORS}
        own = sam.architecture()
        own_layers = [package, layers[own]]
        table = [
            "| function | size, MB | zipped, MB | start, ms |",
            "| --- | ---: | ---: | ---: |",
            row("`PageFunction`", [package], PAGE),
            row("`InboxFunction`, `Faces=whole`", own_layers, INBOX, "whole"),
            row("`InboxFunction`, `Faces=find`", own_layers, INBOX),
            row("`ApiFunction`, `Faces=whole`", own_layers, API, "whole"),
            row("`ApiFunction`, `Faces=find`", own_layers, API),
            row("`InboxFunction`, `Faces=find`, boto3 bundled", [bundled, layers[own]], INBOX),
            row("`ApiFunction`, `Faces=find`, boto3 bundled", [bundled, layers[own]], API),
            "",
            "| layer | size, MB | zipped, MB | import, ms |",
            "| --- | ---: | ---: | ---: |",
        ]
        for name, layer in layers.items():
            numpy = keep_numpy(layer, Path(scratch) / f"numpy-{name}")
            is_own = name == own
            table += [
                row(f"NumPy alone, {name}", [numpy], "import numpy" if is_own else None),
                row(f"NumPy and ONNX Runtime, {name}", [layer], "import onnxruntime" if is_own else None),
            ]
    version = ".".join(platform.python_version_tuple()[:2])
    notes = f"""
        Milliseconds of processor time from the start of a process until the handler can be called, or until the layer's
        packages are imported. Almost nothing of a start is waiting. A handler's time includes the clients of S3 and
        SageMaker, and with `Faces=find` the detector. The sizes of functions are for {own}.

        Each time is the median of {RUNS} processes, with Python {version} on one {platform.machine()} machine with
        {os.cpu_count()} cores, not on Lambda. Libraries for the other processor can't be imported there.
    """
    write_page(__file__, "Cold start", table, notes, ".venv-runtime/bin/python benchmarks/cold_start.py")


def bundle_boto3(folder: Path) -> None:
    """Copies boto3 and its dependencies into a folder, without their compiled modules."""
    site_packages = Path(boto3.__file__).parent.parent
    for name in BUNDLED:
        source = site_packages / name
        if source.is_dir():
            shutil.copytree(source, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, folder / name)


def install_layer(architecture: str, folder: Path) -> Path:
    """Copies models/detector into a new folder, and installs its requirements for a processor."""
    shutil.copytree(DETECTOR, folder)
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-compile"]
    processor = PROCESSORS[architecture]
    command += ["--platform", f"manylinux_2_28_{processor}", "--platform", f"manylinux2014_{processor}"]
    command += ["--only-binary", ":all:", "--python-version", "3.13", "--target", str(folder)]
    subprocess.run([*command, "--requirement", str(DETECTOR / "requirements.txt")], check=True)
    return folder


def keep_numpy(layer: Path, folder: Path) -> Path:
    """Copies NumPy from a layer into a new folder."""
    for path in layer.glob("numpy*"):
        shutil.copytree(path, folder / path.name)
    return folder


def row(name: str, folders: Sequence[Path], program: str | None, faces: str = "find") -> str:
    """A row of the table: what the folders have together, and the time of the program with them on Python's path.

    faces: the template's parameter Faces. With `whole`, the functions do not load the detector.
    """
    size = sum(megabytes(folder) for folder in folders)
    zipped = sum(zipped_megabytes(folder) for folder in folders)
    time = program_milliseconds(folders, program, faces) if program else ""
    return f"| {name} | {size:.1f} | {zipped:.1f} | {time} |"


def megabytes(folder: Path) -> float:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 1e6


def zipped_megabytes(folder: Path) -> float:
    """The size of the folder as a zip file, which is written beside it."""
    archive = folder.with_name(f"{folder.name}.zip")
    if not archive.exists():
        shutil.make_archive(str(folder), "zip", folder)
    return archive.stat().st_size / 1e6


def program_milliseconds(folders: Sequence[Path], program: str, faces: str) -> int:
    """Median processor time of RUNS new processes that run a program, with the folders on Python's path."""
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONPATH": os.pathsep.join(map(str, folders)),
        **CREDENTIALS,
        **template.function_environment({**UNDEPLOYED_REFERENCES, "Faces": faces}),
    }
    times = []
    for _ in range(RUNS):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([sys.executable, "-c", program], env=environment, check=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        times.append((after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime) * 1000)
    return round(statistics.median(times))


if __name__ == "__main__":
    main()
