"""Builds the functions' deployment package like `sam build`, for the Python version that runs this code."""

import hashlib
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

from local.environment import network_environment
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
        BUILD.mkdir(exist_ok=True)
        # A folder of its own, because two first runs may build at the same time.
        with tempfile.TemporaryDirectory(prefix="functions-", dir=BUILD) as scratch:
            folder = Path(scratch) / "functions"
            install_requirements(folder)
            for path in sources:
                target = folder / path.relative_to(FUNCTIONS)
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(path, target)
            # Renamed when complete, so that an interrupted build leaves no broken package behind.
            unfinished = Path(scratch) / archive.name
            with zipfile.ZipFile(unfinished, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as zipped:
                for path in sorted(p for p in folder.rglob("*") if p.is_file()):
                    zipped.write(path, path.relative_to(folder))
            unfinished.replace(archive)
        for old in BUILD.glob("functions-*.zip"):
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
