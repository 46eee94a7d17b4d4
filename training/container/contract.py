"""Reads and checks model.json: what a model reads, what it answers, and what its outputs are called.

docs/models.md describes the file for people who bring a model, and schemas/model.schema.json for programs.
This file needs only the standard library, because it is copied into containers.
"""

import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fields import ContractError, choice, fields, is_integer, is_number, one_of, required, show
from label_names import check_labels

NAME = "model.json"
DEFAULT_FILE = "model.onnx"
# What serves a model. These files travel with it: in the folder code/ of its archive, and in the slim image.
CODE_FILES = (
    *("contract.py", "cores.py", "fields.py", "inference.py", "label_names.py", "network.py"),
    "requirements.txt",
)
ONNX_SUFFIX = ".onnx"
TORCHSCRIPT_SUFFIXES = (".pt", ".pth", ".ts")
# torch.onnx.export stores large weights beside the model, in a file with this suffix.
WEIGHTS_SUFFIX = ".data"
SIZES = (16, 1024)
FACES = ("find", "whole")
CHANNELS = {"gray": 1, "rgb": 3}
LAYOUTS = {"gray": ("NHW", "NHWC", "NCHW"), "rgb": ("NHWC", "NCHW")}
DTYPES = ("uint8", "float32", "float16")
VALUES = ("probabilities", "logits")
# It is sent as a response header, and it is part of result documents.
VERSION = re.compile(r"[A-Za-z0-9._+-]{1,64}")
VERSION_DIGITS = 12
INPUT_FIELDS = ("name", "size", "color", "layout", "dtype", "normalisation")


@dataclass(frozen=True)
class Input:
    """The model's input, a batch of square images.

    name: of the input; empty for a TorchScript model that gives none.
    size: pixels per side.
    color: "gray" or "rgb".
    layout: "NHW", "NHWC" or "NCHW".
    dtype: "uint8", "float32" or "float16".
    mean, deviation: one number per channel, for pixels from 0 to 1; empty if pixels are not normalised.
    """

    name: str
    size: int
    color: str
    layout: str
    dtype: str
    mean: tuple[float, ...] = ()
    deviation: tuple[float, ...] = ()


@dataclass(frozen=True)
class Contract:
    """What model.json says of a model.

    version: changes with the model.
    file: name of the model's file, which is beside model.json.
    labels: names of the outputs, in their order.
    faces: "find" if faces are looked for in photos, "whole" if each image is classified as a whole.
    output: name of the output; empty for a TorchScript model that gives none.
    values: "probabilities" or "logits".
    document: model.json as it is, with what only people read.
    """

    version: str
    file: str
    labels: tuple[str, ...]
    faces: str
    input: Input
    output: str
    values: str
    document: dict[str, Any]

    @property
    def is_onnx(self) -> bool:
        return self.file.endswith(ONNX_SUFFIX)

    @property
    def face_shape(self) -> tuple[int, ...]:
        """The shape of one image as clients send it: [size, size], or [size, size, 3] in color."""
        side = self.input.size
        return (side, side) if self.input.color == "gray" else (side, side, CHANNELS["rgb"])

    @property
    def description(self) -> dict[str, Any]:
        """What the functions have to know of the model, as JSON."""
        return {
            "version": self.version,
            "labels": list(self.labels),
            "faces": self.faces,
            "input": {"size": self.input.size, "color": self.input.color},
        }


def read_contract(folder: Path) -> Contract:
    """Reads model.json from a folder that also has the model's file. Raises ContractError."""
    path = folder / NAME
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        advice = "python -m training describe MODEL writes a first one"
        raise ContractError(f"{path} is missing: {advice}") from None
    except OSError as error:
        raise ContractError(f"{path} can't be read: {error.strerror}") from None
    except (ValueError, RecursionError) as error:
        raise ContractError(f"{path} is not JSON: {error}") from None
    try:
        contract = check_document(document)
    except ContractError as error:
        raise ContractError(f"{path}: {error}") from None
    model = folder / contract.file
    if not model.is_file():
        raise ContractError(f"{model} is missing, the file of the model that {NAME} describes")
    if contract.version:
        return contract
    return check_document({**document, "version": file_version(model)})


def weights_file(model: Path) -> Path:
    """The file in which a large ONNX model may store its weights. Most models don't have one."""
    return model.with_name(model.name + WEIGHTS_SUFFIX)


def file_version(model: Path) -> str:
    """The version of a model that gives none: the start of its file's SHA-256, as hexadecimal digits."""
    digest = hashlib.sha256()
    for path in (model, weights_file(model)):
        if path.is_file():
            with path.open("rb") as file:
                while block := file.read(1 << 20):
                    digest.update(block)
    return digest.hexdigest()[:VERSION_DIGITS]


def check_document(document: Any) -> Contract:
    """Checks the content of a model.json. Its version is empty if the document gives none. Raises ContractError."""
    if not isinstance(document, dict):
        raise ContractError("the file is not a JSON object in braces")
    file = document.get("file", DEFAULT_FILE)
    suffixes = (ONNX_SUFFIX, *TORCHSCRIPT_SUFFIXES)
    if not isinstance(file, str) or not file.endswith(suffixes) or file.startswith(".") or re.search(r"[/\\\0]", file):
        raise ContractError(f'"file" is {show(file)}, not the name of a file that ends in {one_of(suffixes)}')
    version = document.get("version", "")
    if "version" in document and (not isinstance(version, str) or not VERSION.fullmatch(version)):
        raise ContractError(f'"version" is {show(version)}, not 1 to 64 letters, digits or any of . _ + -')
    output = fields(document, "output", ("name", "values"))
    return Contract(
        version,
        file,
        check_labels(required(document, "labels")),
        choice(document, "faces", FACES),
        check_input(fields(document, "input", INPUT_FIELDS), file),
        tensor_name(output, "output", file),
        choice(output, "values", VALUES, "output."),
        document,
    )


def check_input(document: dict[str, Any], file: str) -> Input:
    """Checks the field "input". file: name of the model's file."""
    size = required(document, "size", "input.")
    smallest, largest = SIZES
    if not is_integer(size) or not smallest <= size <= largest:
        raise ContractError(f'"input.size" is {show(size)}, not {smallest} to {largest:,} pixels per side')
    color = choice(document, "color", tuple(CHANNELS), "input.")
    layout = choice(document, "layout", LAYOUTS["gray"], "input.")
    if layout not in LAYOUTS[color]:
        raise ContractError(f'"input.layout" is "{layout}", which has no colors: with "rgb" it is "NHWC" or "NCHW"')
    dtype = choice(document, "dtype", DTYPES, "input.")
    mean, deviation = check_normalisation(document, color, dtype)
    return Input(tensor_name(document, "input", file), size, color, layout, dtype, mean, deviation)


def check_normalisation(
    document: dict[str, Any], color: str, dtype: str
) -> tuple[tuple[float, ...], tuple[float, ...]]:
    if "normalisation" not in document:
        return (), ()
    if dtype == "uint8":
        raise ContractError('"input.normalisation" is only for float models: leave it out, or correct "input.dtype"')
    numbers = fields(document, "normalisation", ("mean", "deviation"), "input.")
    rows = []
    for name in ("mean", "deviation"):
        row = required(numbers, name, "input.normalisation.")
        if not isinstance(row, list) or len(row) != CHANNELS[color] or not all(map(is_number, row)):
            raise ContractError(
                f'"input.normalisation.{name}" is {show(row)}, not a list with one number per channel, which is '
                f'{CHANNELS[color]} for "{color}"'
            )
        rows.append(tuple(map(float, row)))
    if min(rows[1]) <= 0:
        raise ContractError(f'"input.normalisation.deviation" is {show(list(rows[1]))}, and has to be above 0')
    return rows[0], rows[1]


def tensor_name(document: dict[str, Any], field: str, file: str) -> str:
    """Returns the name of the model's input or output. field: "input" or "output"."""
    name = required(document, "name", f"{field}.") if file.endswith(ONNX_SUFFIX) else document.get("name", "")
    if not isinstance(name, str) or ("name" in document and not name):
        raise ContractError(f'"{field}.name" is {show(name)}, not a name')
    return name


def check_input_name(contract: Contract, names: Sequence[str]) -> None:
    """Raises ContractError if an ONNX model has not exactly the input that model.json names."""
    if contract.input.name not in names:
        raise ContractError(f'the model has no input "{contract.input.name}": "input.name" is {one_of(names)}')
    if len(names) > 1:
        raise ContractError(
            f"the model has {len(names)} inputs ({', '.join(names)}), and only models with one are used"
        )


def check_output_name(contract: Contract, names: Sequence[str]) -> None:
    """Raises ContractError if an ONNX model does not have the output that model.json names."""
    if contract.output not in names:
        raise ContractError(f'the model has no output "{contract.output}": "output.name" is {one_of(names)}')


def check_output_count(contract: Contract, count: int) -> None:
    """Raises ContractError if a model does not have as many outputs as there are labels."""
    if count == 1:
        raise ContractError("the model has 1 output, and a model has one per label: two classes need two outputs")
    if count != len(contract.labels):
        raise ContractError(
            f"the model has {count:,} outputs, and {NAME} has {len(contract.labels):,} labels: one name per output is "
            "needed, in the order of the outputs"
        )
