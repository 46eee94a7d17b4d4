"""Builds what `sam build` builds, for the Python version that runs this code: the functions' package and the layer."""

import hashlib
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path

from local.environment import network_environment
from local.paths import BUILD, DETECTOR, FUNCTIONS

# In the zip file of a layer, the folder that Lambda puts on Python's path.
LAYER_FOLDER = "python"


def build_package() -> Path:
    """Returns the functions' package: a zip file of functions/ and its requirements, in build/.

    It is built only if functions/ or the Python version has changed since the last build.

    Raises subprocess.CalledProcessError if pip can't install functions/requirements.txt.
    """
    return build_archive("functions", FUNCTIONS, "", install_requirements)


def build_layer() -> Path:
    """Returns the detector's layer: a zip file of models/detector, in build/.

    It does not have the layer's requirements. The embedded cloud's functions run on the Python that runs this code, and
    requirements/local.in installs the same versions for it.
    """
    return build_archive("detector", DETECTOR, LAYER_FOLDER, Path.mkdir)


def build_archive(name: str, source: Path, prefix: str, prepare: Callable[[Path], None]) -> Path:
    """Returns a zip file of a folder, in build/. It is built only if the folder or the Python version has changed.

    name: beginning of the zip file's name.
    prefix: folder in the zip file, or an empty string.
    prepare: makes the folder to which the files of `source` are copied, with what else belongs into the zip file.
    """
    sources = sorted(p for p in source.rglob("*") if p.is_file() and "__pycache__" not in p.parts)
    digest = hashlib.sha256(sys.version.encode())
    for path in sources:
        digest.update(str(path.relative_to(source)).encode() + path.read_bytes())
    archive = BUILD / f"{name}-{digest.hexdigest()[:16]}.zip"
    if not archive.exists():
        BUILD.mkdir(exist_ok=True)
        # A folder of its own, because two first runs may build at the same time.
        with tempfile.TemporaryDirectory(prefix=f"{name}-", dir=BUILD) as scratch:
            folder = Path(scratch) / name
            prepare(folder)
            for path in sources:
                target = folder / path.relative_to(source)
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(path, target)
            # Renamed when complete, so that an interrupted build leaves no broken archive behind.
            unfinished = Path(scratch) / archive.name
            with zipfile.ZipFile(unfinished, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as zipped:
                for path in sorted(p for p in folder.rglob("*") if p.is_file()):
                    zipped.write(path, prefix / path.relative_to(folder))
            unfinished.replace(archive)
        for old in BUILD.glob(f"{name}-*.zip"):
            if old != archive:
                old.unlink(missing_ok=True)
    return archive


def install_requirements(folder: Path) -> None:
    """Installs functions/requirements.txt into a new folder."""
    folder.mkdir()
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-compile", "--only-binary", ":all:"]
    subprocess.run(
        [*command, "--requirement", FUNCTIONS / "requirements.txt", "--target", folder],
        env=network_environment(),
        check=True,
    )
