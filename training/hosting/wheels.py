"""Downloads the packages that a model's code needs in SageMaker's PyTorch container.

The artifact carries them as code/wheels, and its code/requirements.txt names this folder as the only place of packages.
So the container starts without a package index: it runs `pip install -r /opt/ml/model/code/requirements.txt`, and pip
looks for a relative folder of --find-links beside that file.
Sources: SageMaker PyTorch Inference Toolkit 2.0.25, torchserve.py; pip 26, "Requirements File Format"; AWS Deep
Learning Containers, pytorch/inference/docker/2.6/py3/Dockerfile.cpu.
"""

import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from training.hosting.options import Architecture, ContainerKind, Hosting, architecture_of

REQUIREMENTS = Path(__file__).parent.parent / "container" / "requirements.txt"
# Of the container: images.py.
PYTHON_VERSION = "3.12"
# The container is Ubuntu 22.04, with glibc 2.35. Wheels for an older one run on it.
GLIBC_MINORS = range(35, 16, -1)
MACHINES: Mapping[Architecture, str] = {"x86_64": "x86_64", "arm64": "aarch64"}
# gunicorn is the server of the slim image. The container's toolkit has NumPy already, for which PyTorch was built.
NOT_CARRIED = frozenset({"gunicorn", "numpy"})
# Of a requirements file: a line that ends in a backslash is continued.
PIN = re.compile(r"(?:.*\\\n)*.*\n")
FOLDER = "code/wheels/"
ONLY_LOCAL = "--no-index\n--find-links wheels\n"


def choose_wheels(
    wanted: bool | None, kind: ContainerKind | None, image: str | None, is_packed: bool, hosting: Hosting
) -> Architecture | None:
    """Returns for which processors the artifact carries wheels; None if it carries none.

    wanted: the option --wheels or --no-wheels; None carries them if the model is packed, and if SageMaker's PyTorch
    container serves it.
    is_packed: whether the model is packed in any case.

    Raises ValueError if wheels are wanted for a container whose Python is not known or that installs nothing.
    """
    if wanted is False or (wanted is None and not is_packed):
        return None
    if kind not in (None, "stock") or image:
        if wanted:
            raise ValueError(
                "--wheels is for SageMaker's own PyTorch container: leave it out with --image and other containers"
            )
        return None
    return architecture_of(hosting)


def download_wheels(folder: Path, architecture: Architecture) -> dict[str, Path]:
    """Downloads the wheels into an empty folder, and returns the files of an artifact by their names in it.

    pip compares each wheel with the pinned hashes, so the same pins give the same files.
    Raises ValueError if pip can't download a package.
    """
    pins = carried_pins(REQUIREMENTS.read_text())
    folder.mkdir()
    listed = folder / "requirements.txt"
    listed.write_text(pins)
    platforms = [f"--platform=manylinux_2_{minor}_{MACHINES[architecture]}" for minor in GLIBC_MINORS]
    choice = (*platforms, f"--platform=manylinux2014_{MACHINES[architecture]}", f"--python-version={PYTHON_VERSION}")
    options = ("--quiet", "--disable-pip-version-check", "--no-deps", "--only-binary=:all:", "--require-hashes")
    command = [sys.executable, "-m", "pip", "download", *options, *choice, "--implementation=cp", f"--dest={folder}"]
    result = subprocess.run([*command, f"--requirement={listed}"], capture_output=True, text=True)
    if result.returncode:
        reason = (result.stderr.strip().splitlines() or ["pip gives no reason"])[-1].removeprefix("ERROR: ")
        raise ValueError(
            f"the packages for the container can't be downloaded from the package index ({reason}): check the network, "
            "or give --no-wheels, and the container downloads them at every start"
        )
    listed.write_text(ONLY_LOCAL + pins)
    wheels = {FOLDER + wheel.name: wheel for wheel in folder.glob("*.whl")}
    return {**wheels, "code/requirements.txt": listed}


def carried_pins(requirements: str) -> str:
    """Returns the pins of a requirements file that the artifact carries, with their hashes."""
    pins = PIN.findall(requirements)
    return "".join(pin for pin in pins if pin.partition("==")[0] not in NOT_CARRIED)


def validate_wheels(files: Sequence[str], architecture: Architecture) -> None:
    """Raises ValueError if an artifact carries a wheel that its container can't install. files: of the artifact."""
    fitting = f"_{MACHINES[architecture]}.whl", "-any.whl"
    for name in files:
        if name.startswith(FOLDER) and not name.endswith(fitting):
            raise ValueError(
                f"the artifact carries {name.removeprefix(FOLDER)}, and the container is for {architecture}: add "
                "--wheels, which packs the model again with the wheels that fit"
            )
