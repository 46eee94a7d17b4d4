"""Measures the cold start of the functions: the size of the package, and the time until a handler can be called.

    .venv/bin/python benchmarks/cold_start.py

Compares the package as it is, which uses the boto3 of Lambda's runtime, with one that bundles boto3. Lambda unpacks
the package into a read-only folder, so its modules are compiled at each cold start. The modules of the runtime, boto3
among them, are compiled in advance. Writes cold_start.md.
"""

import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import zipfile
from pathlib import Path

import boto3

sys.path.insert(0, str(Path(__file__).parent.parent))

from benchmarks.report import write_page
from local import template
from local.cloud import CREDENTIALS, UNDEPLOYED_REFERENCES
from local.package import build_package

RUNS = 15
HANDLERS = ("mien.handlers.inbox", "mien.handlers.api")
# boto3 and its dependencies, as they are named in site-packages.
BUNDLED = ("boto3", "botocore", "s3transfer", "dateutil", "urllib3", "six.py")


def main() -> None:
    with tempfile.TemporaryDirectory() as scratch:
        runtime, bundled = Path(scratch) / "runtime", Path(scratch) / "bundled"
        with zipfile.ZipFile(build_package()) as archive:
            archive.extractall(runtime)
        shutil.copytree(runtime, bundled)
        bundle_boto3(bundled)
        times = ", ms | ".join(f"`{handler}`" for handler in HANDLERS)
        table = [
            f"| package | size, MB | zipped, MB | {times}, ms |",
            "| --- | ---: | ---: |" + " ---: |" * len(HANDLERS),
            row("boto3 of the runtime", runtime),
            row("boto3 bundled", bundled),
        ]
    version = ".".join(platform.python_version_tuple()[:2])
    notes = f"""
        Milliseconds from the start of a process until the handler can be called, including the clients of S3 and
        SageMaker. Each is the median of {RUNS} processes, with Python {version} on one {platform.machine()} machine
        with {os.cpu_count()} cores, not on Lambda.
    """
    write_page(__file__, "Cold start", table, notes, ".venv/bin/python benchmarks/cold_start.py")


def bundle_boto3(folder: Path) -> None:
    """Copies boto3 and its dependencies into a folder, without their compiled modules."""
    site_packages = Path(boto3.__file__).parent.parent
    for name in BUNDLED:
        source = site_packages / name
        if source.is_dir():
            shutil.copytree(source, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, folder / name)


def row(name: str, folder: Path) -> str:
    times = " | ".join(f"{import_milliseconds(folder, handler):.0f}" for handler in HANDLERS)
    return f"| {name} | {megabytes(folder):.1f} | {zipped_megabytes(folder):.1f} | {times} |"


def megabytes(folder: Path) -> float:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 1e6


def zipped_megabytes(folder: Path) -> float:
    """The size of the folder as a zip file, which is written beside it."""
    return Path(shutil.make_archive(str(folder), "zip", folder)).stat().st_size / 1e6


def import_milliseconds(folder: Path, module: str) -> float:
    """Median time of RUNS new processes, from their start until they have imported the module from the folder."""
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONPATH": str(folder),
        **CREDENTIALS,
        **template.function_environment(UNDEPLOYED_REFERENCES),
    }
    times = []
    for _ in range(RUNS):
        began = time.perf_counter()
        subprocess.run([sys.executable, "-c", f"import {module}"], env=environment, check=True)
        times.append((time.perf_counter() - began) * 1000)
    return statistics.median(times)


if __name__ == "__main__":
    main()
