"""Packs a model with the code that serves it. The same model gives the same bytes, and so the same key in S3."""

import gzip
import io
import sys
import tarfile
from collections.abc import Mapping
from pathlib import Path
from typing import IO

sys.path.insert(0, str(Path(__file__).parent.parent / "container"))

import contract
import network

CONTAINER_CODE = Path(__file__).parent.parent / "container"
CODE_FILES: tuple[str, ...] = contract.CODE_FILES
# Of gzip. Weights hardly become smaller, and a higher level only takes longer.
COMPRESSION = 1
NOTHING: Mapping[str, Path] = {}


def check_model(folder: Path) -> contract.Contract:
    """Reads a model's model.json, and runs the model once. Raises ContractError if they do not fit."""
    described = contract.read_contract(folder)
    network.load_network(folder, described)
    return described


def pack_model(folder: Path, target: Path, others: Mapping[str, Path] = NOTHING) -> None:
    """Writes a model and the code that serves it as a model.tar.gz.

    folder: of a model that `check_model` accepts.
    others: further files by their names in the archive; they replace those of the same name.
    """
    model = folder / contract.read_contract(folder).file
    files = {path.name: path for path in (folder / contract.NAME, model, contract.weights_file(model))}
    files |= {f"code/{name}": CONTAINER_CODE / name for name in CODE_FILES}
    files |= others
    with (
        target.open("wb") as file,
        # A name or a time in gzip's header would make other bytes of the same model.
        gzip.GzipFile("", "wb", COMPRESSION, file, mtime=0) as compressed,
        tarfile.open(fileobj=compressed, mode="w") as archive,
    ):
        for name, path in sorted(files.items()):
            if path.is_file():
                add_file(archive, name, path)


def add_file(archive: tarfile.TarFile, name: str, path: Path) -> None:
    """Adds a file without its owner, its times and its permissions."""
    information = tarfile.TarInfo(name)
    information.size = path.stat().st_size
    information.mode = 0o644
    content: IO[bytes]
    with path.open("rb") if information.size else io.BytesIO() as content:
        archive.addfile(information, content)
