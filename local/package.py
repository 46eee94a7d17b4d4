"""functions/ → the deployment package, as `sam build` makes it, for the Python that runs here."""

import hashlib
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

from local.template import BUILD, ROOT

SOURCE = ROOT / "functions"


def package() -> Path:
    """Builds the zip, unless nothing has changed since it was built. Raises CalledProcessError."""
    sources = sorted(p for p in SOURCE.rglob("*") if p.is_file() and "__pycache__" not in p.parts)
    digest = hashlib.sha256(sys.version.encode())
    for path in sources:
        digest.update(str(path.relative_to(SOURCE)).encode() + path.read_bytes())
    archive = BUILD / f"functions-{digest.hexdigest()[:16]}.zip"
    if not archive.exists():
        folder = installed()
        for path in sources:
            target = folder / path.relative_to(SOURCE)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target)
        for old in BUILD.glob("functions-*.zip"):
            old.unlink()
        unfinished = archive.with_suffix(".new")
        with zipfile.ZipFile(unfinished, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as zipped:
            for path in sorted(p for p in folder.rglob("*") if p.is_file()):
                zipped.write(path, path.relative_to(folder))
        unfinished.replace(archive)
    return archive


def installed() -> Path:
    """A new folder with the package's requirements in it, and nothing else."""
    folder = BUILD / "functions"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-compile", "--only-binary", ":all:"]
    subprocess.run([*command, "--requirement", SOURCE / "requirements.txt", "--target", folder], check=True)
    return folder
