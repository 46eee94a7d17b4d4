"""Model archives for tests."""

import io
import json
import tarfile
from collections.abc import Mapping
from pathlib import Path

from tests.support.onnx_files import COLORS, color_contract, color_model
from training.hosting.packing import CODE_FILES

# What the model of `create_archive` says of itself.
DESCRIPTION = {
    "version": "test-1",
    "labels": COLORS,
    "faces": "whole",
    "input": {"size": 16, "color": "gray"},
}
MODEL_FILES = ("model.json", "model.onnx")
ALL_FILES = (*MODEL_FILES, *(f"code/{name}" for name in CODE_FILES))

NOTHING: Mapping[str, bytes] = {}


def archive_bytes(*names: str, remark: str = "", contents: Mapping[str, bytes] = NOTHING) -> bytes:
    """Returns a model.tar.gz with files of these names.

    remark: makes archives differ.
    contents: of some files, by name.
    """
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w:gz") as archive:
        for name in names:
            content = contents.get(name) or content_of(name, remark)
            information = tarfile.TarInfo(name)
            information.size = len(content)
            archive.addfile(information, io.BytesIO(content))
    return file.getvalue()


def content_of(name: str, remark: str) -> bytes:
    if name.endswith(".onnx"):
        return color_model(16, "NHW", "uint8")
    if name.endswith("model.json"):
        return json.dumps(color_contract(16, "NHW", "uint8", version="test-1", remark=remark)).encode()
    return name.encode()


def create_archive(folder: Path, *names: str) -> Path:
    """Writes model.tar.gz with files of these names, and returns its path."""
    path = folder / "model.tar.gz"
    path.write_bytes(archive_bytes(*names))
    return path


def write_model(folder: Path, remark: str = "") -> Path:
    """Writes the model of `create_archive` into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in MODEL_FILES:
        (folder / name).write_bytes(content_of(name, remark))
    return folder
