"""Measures the cold start of the functions: the size of what Lambda loads, and the time until a handler can be called.

    .venv-runtime/bin/python benchmarks/cold_start.py

Lambda unpacks a function's package and its layer into read-only folders. `make deploy` compiles their modules before it
uploads them; two rows show the start without that. The modules of the runtime, boto3 among them, are compiled in
advance too. Two rows show what bundling boto3 would cost. The second table shows what is in the layer, and the third
where the time of a start goes. pip downloads the layer's packages, for both processors, so the first run needs a
network. Writes cold_start.md.
"""

import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import boto3

sys.path.insert(0, str(Path(__file__).parent.parent))

from benchmarks.report import write_page
from deployment.bytecode import compile_modules
from local import sam, template
from local.cloud import CREDENTIALS, UNDEPLOYED_REFERENCES
from local.package import LAYER_FOLDER
from local.paths import FUNCTIONS, LAYER, TEMPLATE

RUNS = 15
# boto3 and its dependencies, as they are named in site-packages.
BUNDLED = ("boto3", "botocore", "s3transfer", "dateutil", "urllib3", "six.py")
INBOX = "import mien.handlers.inbox"
API = "import mien.handlers.api"
PAGE = "import mien.handlers.page"
# The template's values of Architecture, and pip's names of these processors.
PROCESSORS = {"arm64": "aarch64", "x86_64": "x86_64"}
# What is in the layer, as files and folders are named there, and an import of it.
PARTS = {
    "ONNX Runtime and what it needs": (("onnxruntime", "flatbuffers", "google", "packaging", "protobuf"), None),
    "NumPy": (("numpy",), "import numpy"),
    "Pillow": (("PIL", "pillow"), "import PIL.Image"),
    "Powertools and what it needs": (
        ("aws_lambda_powertools", "jmespath", "typing_extensions", "__pycache__"),
        "import aws_lambda_powertools.event_handler, aws_lambda_powertools.metrics, aws_lambda_powertools.logging",
    ),
    "the detector, and lists of the packages": (("detector.onnx", "LICENSE", "ORIGIN.md", "requirements"), None),
}

# What InboxFunction does at its start, in its order. Each step is measured after those before it.
STEPS = {
    "Python itself": "",
    "import Powertools": "import aws_lambda_powertools, aws_lambda_powertools.metrics",
    "import Pillow": "import mien.logic.images",
    "import botocore": "import botocore.session, mien.aws.objects",
    "import Mien's other modules": "import mien.pipeline.deliveries, mien.aws.images, mien.aws.clients",
    "make the client of S3": "mien.aws.images.connect(32)",
    "make the client of SageMaker": "mien.aws.clients.session().create_client('sagemaker-runtime')",
    "import NumPy and ONNX Runtime": "import mien.logic.faces, mien.logic.detector",
    "load the face detector": "mien.logic.detector.load_detector('DETECTOR')",
}
# Prints the processor time so far.
MARK = "print(time.process_time() * 1000)"
# Where `sam build` puts the layer's files.
LAYER_IN_BUILD = Path("Layer", LAYER_FOLDER)

Folders = Mapping[str, Sequence[Path]]


def main() -> None:
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        built = {name: build(name, folder / name) for name in PROCESSORS}
        plain = {name: copied(path, folder / f"{name}-plain") for name, path in built.items()}
        bundled = {name: copied(path, folder / f"{name}-bundled") for name, path in built.items()}
        for path in bundled.values():
            copy_boto3(path / LAYER_IN_BUILD)
        for path in (*built.values(), *bundled.values()):
            compile_modules(path)
        table = [
            *head("function", "start, ms"),
            row("`PageFunction`", {name: [path / "PageFunction"] for name, path in built.items()}, PAGE),
            row("`InboxFunction`, `Faces=whole`", folders_of("InboxFunction", built), INBOX, "whole"),
            row("`InboxFunction`, `Faces=find`", folders_of("InboxFunction", built), INBOX),
            row("`ApiFunction`, `Faces=whole`", folders_of("ApiFunction", built), API, "whole"),
            row("`ApiFunction`, `Faces=find`", folders_of("ApiFunction", built), API),
            row("`InboxFunction`, `Faces=find`, not compiled", folders_of("InboxFunction", plain), INBOX),
            row("`ApiFunction`, `Faces=find`, not compiled", folders_of("ApiFunction", plain), API),
            row("`InboxFunction`, `Faces=find`, boto3 bundled", folders_of("InboxFunction", bundled), INBOX),
            row("`ApiFunction`, `Faces=find`, boto3 bundled", folders_of("ApiFunction", bundled), API),
            "",
            *head("in the layer", "import, ms"),
        ]
        layers = {name: path / LAYER_IN_BUILD for name, path in built.items()}
        for name, (beginnings, program) in PARTS.items():
            parts: Folders = {
                processor: [copy_part(layer, beginnings, folder / f"{name}-{processor}")]
                for processor, layer in layers.items()
            }
            table.append(row(name, parts, program))
        table.append(row("all", {name: [layer] for name, layer in layers.items()}, "import onnxruntime"))
        own = sam.architecture()
        columns = []
        for each in (built, plain):
            detector = each[own] / LAYER_IN_BUILD / "detector.onnx"
            steps = [step.replace("DETECTOR", str(detector)) for step in STEPS.values()]
            columns.append(step_milliseconds(folders_of("InboxFunction", each)[own], steps))
        table += [
            "",
            "| a start of `InboxFunction`, `Faces=find` | ms | not compiled, ms |",
            "| --- | ---: | ---: |",
            *(f"| {step} | {time:.0f} | {before:.0f} |" for step, time, before in zip(STEPS, *columns, strict=True)),
            f"| together | {sum(columns[0]):.0f} | {sum(columns[1]):.0f} |",
        ]
    version = ".".join(platform.python_version_tuple()[:2])
    notes = f"""
        Milliseconds of processor time from the start of a process until the handler can be called, or until a part of
        the layer is imported; "all" is for ONNX Runtime, which imports NumPy. Almost nothing of a start is waiting. A
        handler's time includes the clients of S3 and SageMaker, and with `Faces=find` the detector. The size of a
        function is that of its package and its layer.

        "Not compiled" is what `sam build` makes. `make deploy` adds compiled modules, and `python -m deployment
        compile` does it for those who use the SAM CLI themselves. Lambda then has more bytes to load; how long that
        takes can't be seen here. In the third table, a step also pays for the memory that it is the first to need. So
        compare the sums of the two columns rather than single steps.

        Each time is the median of {RUNS} processes, with Python {version} on one {platform.machine()} machine with
        {os.cpu_count()} cores, not on Lambda. Libraries for the other processor can't be imported there. Other work on
        the machine makes all times longer, by up to a half, so compare only rows of one run.
    """
    write_page(__file__, "Cold start", table, notes, ".venv-runtime/bin/python benchmarks/cold_start.py")


def build(architecture: str, folder: Path) -> Path:
    """Writes what `sam build` would write into a new folder."""
    install_layer(architecture, folder / LAYER_IN_BUILD)
    for name in ("PageFunction", "InboxFunction", "ApiFunction"):
        shutil.copytree(FUNCTIONS, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(TEMPLATE, folder)
    return folder


def copied(built: Path, folder: Path) -> Path:
    shutil.copytree(built, folder)
    return folder


def folders_of(function: str, built: Mapping[str, Path]) -> Folders:
    """The package and the layer of a function, for each processor."""
    return {name: [path / function, path / LAYER_IN_BUILD] for name, path in built.items()}


def copy_boto3(folder: Path) -> None:
    """Copies boto3 and its dependencies into a folder, without their compiled modules."""
    for name in BUNDLED:
        copy(Path(boto3.__file__).parent.parent / name, folder, "__pycache__")


def copy(source: Path, folder: Path, *ignored: str) -> None:
    """Copies a file or a folder into a folder. ignored: names of folders in it that are left out."""
    if source.is_dir():
        shutil.copytree(source, folder / source.name, ignore=shutil.ignore_patterns(*ignored))
    else:
        shutil.copy(source, folder)


def install_layer(architecture: str, folder: Path) -> None:
    """Copies layer/ into a new folder, and installs its requirements for a processor."""
    shutil.copytree(LAYER, folder)
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-compile"]
    processor = PROCESSORS[architecture]
    command += ["--platform", f"manylinux_2_28_{processor}", "--platform", f"manylinux2014_{processor}"]
    command += ["--only-binary", ":all:", "--python-version", "3.13", "--target", str(folder)]
    subprocess.run([*command, "--requirement", str(LAYER / "requirements.txt")], check=True)


def copy_part(layer: Path, beginnings: Sequence[str], folder: Path) -> Path:
    """Copies what begins with certain names from a layer into a new folder."""
    folder.mkdir()
    for path in layer.iterdir():
        if path.name.startswith(tuple(beginnings)):
            copy(path, folder)
    return folder


def head(subject: str, time: str) -> list[str]:
    sizes = [f"{name}, {what}" for name in PROCESSORS for what in ("MB", "zipped")]
    return [f"| {' | '.join([subject, *sizes, time])} |", f"| --- |{' ---: |' * (len(sizes) + 1)}"]


def row(name: str, folders: Folders, program: str | None, faces: str = "find") -> str:
    """A row of a table: what the folders have together, and the time of the program with them on Python's path.

    folders: for each processor.
    program: runs with the folders for this machine's processor.
    faces: the template's parameter Faces. With `whole`, the functions do not load the detector.
    """
    sizes = [f"{sum(measure(path) for path in paths):.1f}" for paths in folders.values() for measure in MEASURES]
    times = step_milliseconds(folders[sam.architecture()], [program], faces) if program else []
    time = "".join(f"{each:.0f}" for each in times)
    return f"| {' | '.join([name, *sizes, time])} |"


def megabytes(folder: Path) -> float:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 1e6


def zipped_megabytes(folder: Path) -> float:
    """The size of the folder as a zip file, which is written beside it."""
    archive = folder.with_name(f"{folder.name}.zip")
    if not archive.exists():
        shutil.make_archive(str(folder), "zip", folder)
    return archive.stat().st_size / 1e6


MEASURES = (megabytes, zipped_megabytes)


def step_milliseconds(folders: Sequence[Path], steps: Iterable[str], faces: str = "find") -> list[float]:
    """Median processor time of each step of a program in RUNS new processes, the first one with Python's own start.

    folders: are on Python's path.
    faces: the template's parameter Faces.
    """
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONPATH": os.pathsep.join(map(str, folders)),
        **CREDENTIALS,
        **template.function_environment({**UNDEPLOYED_REFERENCES, "Faces": faces}),
    }
    program = "\n".join(["import time", *(line for step in steps for line in (step, MARK))])
    runs = []
    for _ in range(RUNS):
        ran = subprocess.run(
            [sys.executable, "-c", program], env=environment, check=True, capture_output=True, text=True
        )
        ends = [float(line) for line in ran.stdout.split()]
        runs.append([end - start for start, end in zip([0.0, *ends], ends, strict=False)])
    return [statistics.median(times) for times in zip(*runs, strict=True)]


if __name__ == "__main__":
    main()
