"""What a cold start of the functions costs: the package's size, and the time until a handler can be called.

    .venv/bin/python benchmarks/cold_start.py

Lambda unpacks the package into a folder that can't be written to, so that its modules are compiled anew in each cold
start; what the runtime brings, boto3 among it, is compiled already. The comparison bundles boto3 into the package.
"""

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import zipfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from local import cloud, template
from local.package import build_package

RUNS = 15
BUNDLED = ("boto3", "botocore", "s3transfer", "dateutil", "urllib3", "six.py")


def main() -> None:
    site = Path(__import__("boto3").__file__).parent.parent
    with tempfile.TemporaryDirectory() as scratch:
        ours, bundled = Path(scratch) / "ours", Path(scratch) / "bundled"
        with zipfile.ZipFile(build_package()) as archive:
            archive.extractall(ours)
        shutil.copytree(ours, bundled)
        for name in BUNDLED:
            source = site / name
            if source.is_dir():
                shutil.copytree(source, bundled / name, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(source, bundled / name)
        print("| package | size, MB | zipped, MB | `mien.inbox`, ms | `mien.api`, ms |")
        print("| --- | ---: | ---: | ---: | ---: |")
        for name, folder in (("boto3 of the runtime", ours), ("boto3 bundled", bundled)):
            times = " | ".join(
                f"{milliseconds(folder, module):.0f}" for module in ("mien.handlers.inbox", "mien.handlers.api")
            )
            print(f"| {name} | {size(folder):.1f} | {zipped(folder, Path(scratch)):.1f} | {times} |")


def size(folder: Path) -> float:
    return sum(p.stat().st_size for p in folder.rglob("*") if p.is_file()) / 1e6


def zipped(folder: Path, scratch: Path) -> float:
    return Path(shutil.make_archive(str(scratch / folder.name), "zip", folder)).stat().st_size / 1e6


def milliseconds(folder: Path, module: str) -> float:
    """The median of fresh processes, from their start to the imported handler."""
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONPATH": str(folder),
        **cloud.CREDENTIALS,
        **template.function_environment(cloud.UNDEPLOYED_REFERENCES),
    }
    times = []
    for _ in range(RUNS):
        began = time.perf_counter()
        subprocess.run([sys.executable, "-c", f"import {module}"], env=environment, check=True)
        times.append((time.perf_counter() - began) * 1000)
    return statistics.median(times)


if __name__ == "__main__":
    main()
