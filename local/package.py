"""Builds the functions' deployment package like `sam build`, for the Python version that runs this code."""

import hashlib
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

from local.paths import BUILD, FUNCTIONS


def build_package() -> Path:
    """Returns the package: a zip file of functions/ and its requirements, in build/.

    It is built only if functions/ or the Python version has changed since the last build.

    Raises subprocess.CalledProcessError if pip can't install functions/requirements.txt.
    """
    sources = sorted(p for p in FUNCTIONS.rglob("*") if p.is_file() and "__pycache__" not in p.parts)
    digest = hashlib.sha256(sys.version.encode())
    for path in sources:
        digest.update(str(path.relative_to(FUNCTIONS)).encode() + path.read_bytes())
    archive = BUILD / f"functions-{digest.hexdigest()[:16]}.zip"
    if not archive.exists():
        folder = install_requirements()
        for path in sources:
            target = folder / path.relative_to(FUNCTIONS)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target)
        for old in BUILD.glob("functions-*.zip"):
            old.unlink()
        # Renamed when complete, so that an interrupted build leaves no broken package behind.
        unfinished = archive.with_suffix(".new")
        with zipfile.ZipFile(unfinished, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as zipped:
            for path in sorted(p for p in folder.rglob("*") if p.is_file()):
                zipped.write(path, path.relative_to(folder))
        unfinished.replace(archive)
    return archive


def install_requirements() -> Path:
    """Installs functions/requirements.txt into a new, otherwise empty folder, and returns the folder."""
    folder = BUILD / "functions"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-compile", "--only-binary", ":all:"]
    subprocess.run([*command, "--requirement", FUNCTIONS / "requirements.txt", "--target", folder], check=True)
    return folder
