"""Serves a model, through the four functions that SageMaker's PyTorch inference container calls.

A request has one face or many, or asks what the model is. Probabilities are in the order of the labels:
    application/x-npy     uint8 [n, size, size] (gray) or [n, size, size, 3] (rgb) → JSON, {"labels": [...], "faces":
                          [{"face": crc32, "probabilities": [...]}, ...]}; the CRC-32 of each face's pixels lets the
                          client check the order of rows. npy, float32 [n, classes], if Accept names application/x-npy
    application/x-image   one JPEG or PNG → JSON, {"labels": [...], "faces": [{"probabilities": [...]}]}
    application/json      {"describe": "model"} → JSON, with the model's version, labels and input
A request that can't be answered becomes a Problem, which passes through the functions as a value. It is not an
exception, because the container answers every exception with its traceback. Our own servers (serve.py and
local/endpoint.py) call `respond`.
Sources: SageMaker Inference Toolkit 1.10.1, transformer.py; TorchServe 0.12, ts/context.py.
"""

import contextlib
import io
import json
import os
import threading
import traceback
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from PIL import Image

from contract import Contract, read_contract
from network import Network, load_network

NPY, IMAGE, JSON = "application/x-npy", "application/x-image", "application/json"
DESCRIBE = {"describe": "model"}
# SageMaker passes this response header on to the client of InvokeEndpoint; it carries the model's version.
VERSION_HEADER = "X-Amzn-SageMaker-Custom-Attributes"
# A request with more faces than this is a client's mistake.
MAX_FACES = 10_000
# Probabilities in a response: 20 MB of JSON.
MAX_PROBABILITIES = 1_000_000
# A PNG of 10 kB can have 100 million pixels. Decoded, each one needs a byte of memory in gray, and four in color.
MAX_PIXELS = {"gray": 50_000_000, "rgb": 25_000_000}
# So many images are decoded at once. More would not be faster, and each needs memory for all of its pixels.
DECODING = threading.BoundedSemaphore(os.cpu_count() or 1)


@dataclass(frozen=True)
class Model:
    """A loaded model."""

    contract: Contract
    network: Network

    @property
    def labels(self) -> list[str]:
        return list(self.contract.labels)

    @property
    def version(self) -> str:
        return str(self.contract.version)


@dataclass(frozen=True)
class Faces:
    """The faces of one request.

    pixels: uint8 [n, size, size] or [n, size, size, 3].
    single_image: the request was one image file.
    """

    pixels: np.ndarray
    single_image: bool


@dataclass(frozen=True)
class ImageFile:
    """A request that is one image file. Only the model says whether it is read in gray or in color."""

    body: bytes


@dataclass(frozen=True)
class Question:
    """A request that asks what the model is."""


@dataclass(frozen=True)
class Problem:
    """Why a request has no result: an HTTP status, and a sentence for the client."""

    status: int
    message: str


class Prediction(NamedTuple):
    """The result for one request.

    checksums: CRC-32 of each face's pixels, as 8 hexadecimal digits.
    probabilities: float32 [n, classes].
    single_image: as in Faces.
    labels: names of the classes.
    version: the model's version.
    """

    checksums: list[str]
    probabilities: np.ndarray
    single_image: bool
    labels: list[str]
    version: str


class Description(NamedTuple):
    """What the model is, as JSON. version: as in Prediction."""

    document: dict[str, Any]
    version: str


class Response(NamedTuple):
    """An HTTP response."""

    status: int
    body: bytes
    content_type: str
    headers: dict[str, str]


# uint8 [n, size, size] or [n, size, size, 3] → float32 [n, classes].
Classify = Callable[[np.ndarray], np.ndarray]
Request = Faces | ImageFile | Question
Result = Prediction | Description


class Abandoned(Exception):
    """Nobody waits for the result of a request any more, so it was not computed."""


def model_fn(model_dir: str) -> Model:
    """Loads a model from a folder with model.json and the model's file. Raises ContractError if they don't fit."""
    contract = read_contract(Path(model_dir))
    return Model(contract, load_network(Path(model_dir), contract))


def input_fn(body: bytes, content_type: str | None) -> Request | Problem:
    """Decodes a request's body. `predict_fn` checks whether the faces fit the model."""
    requested = media_type(content_type)
    if requested == NPY:
        return decode_npy(body)
    if requested == IMAGE:
        return ImageFile(bytes(body))
    if requested == JSON:
        with contextlib.suppress(ValueError, RecursionError):
            if json.loads(body) == DESCRIBE:
                return Question()
        return Problem(400, f"the JSON is not {json.dumps(DESCRIBE)}: send faces as {NPY} or {IMAGE}")
    return Problem(415, f"content type {requested!r} is not supported: send {NPY} or {IMAGE}")


def media_type(header: str | None) -> str:
    """The media type of one value of a Content-Type or Accept header, in lower case and without parameters."""
    return (header or "").partition(";")[0].strip().lower()


def decode_npy(body: bytes) -> Faces | Problem:
    try:
        array = np.load(io.BytesIO(body), allow_pickle=False)
    except Exception:
        # NumPy's own message recommends allow_pickle=True, which would run code from the request.
        return Problem(400, "the body is not a complete npy file of numbers")
    if not isinstance(array, np.ndarray):
        return Problem(400, "the body is an archive of arrays: send one npy file")
    return Faces(array, single_image=False)


def decode_image(file: ImageFile, contract: Contract) -> Faces | Problem:
    """Returns the central square of an image file, in the model's size and color."""
    most = MAX_PIXELS[contract.input.color]
    mode = "L" if contract.input.color == "gray" else "RGB"
    size = contract.input.size
    with DECODING, contextlib.suppress(Exception), Image.open(io.BytesIO(file.body), formats=("JPEG", "PNG")) as image:
        if image.width * image.height <= most:
            side = min(image.size)
            left, top = (image.width - side) // 2, (image.height - side) // 2
            square = (left, top, left + side, top + side)
            pixels = image.convert(mode).resize((size, size), Image.Resampling.BOX, box=square)
            return Faces(np.asarray(pixels)[None], single_image=True)
    return Problem(400, f"the body can't be decoded as a JPEG or PNG of at most {most:,} pixels")


def predict_fn(request: Request | Problem, model: Model) -> Result | Problem:
    """Computes the probabilities of a request's faces. A Problem is passed on."""
    return predict(request, model, lambda pixels: probabilities(pixels, model))


def predict(request: Request | Problem, model: Model, classify: Classify) -> Result | Problem:
    """As predict_fn. classify: computes the probabilities of faces that fit the model."""
    if isinstance(request, Question):
        return Description(model.contract.description, model.version)
    faces = decode_image(request, model.contract) if isinstance(request, ImageFile) else request
    if isinstance(faces, Problem):
        return faces
    pixels, shape = faces.pixels, model.contract.face_shape
    if pixels.dtype != np.uint8 or pixels.shape[1:] != shape:
        found = f"{pixels.dtype} {list(pixels.shape)}"
        message = f"the array is {found}, not uint8 [n, {', '.join(map(str, shape))}]"
        # The functions read images for the model that was there before. With a 409 they ask for the new description.
        return Problem(409 if is_of_other_model(pixels) else 400, message)
    most = min(MAX_FACES, MAX_PROBABILITIES // len(model.labels))
    if not 0 < len(pixels) <= most:
        return Problem(400, f"the request has {len(pixels):,} faces: send 1 to {most:,}")
    checksums = [f"{zlib.crc32(face.tobytes()):08x}" for face in pixels]
    return Prediction(checksums, classify(pixels), faces.single_image, model.labels, model.version)


def is_of_other_model(pixels: np.ndarray) -> bool:
    """Returns whether an array has images as some model reads them: uint8 [n, size, size] or [n, size, size, 3]."""
    is_square = pixels.ndim in (3, 4) and pixels.shape[1] == pixels.shape[2]
    return pixels.dtype == np.uint8 and is_square and pixels.shape[3:] in ((), (3,))


def probabilities(pixels: np.ndarray, model: Model) -> np.ndarray:
    """uint8 [n, size, size] or [n, size, size, 3] → float32 [n, classes]. A row depends on its own face only."""
    rows: np.ndarray = model.network.probabilities(pixels)
    return rows


def output_fn(result: Result | Problem, accept: str | None, context: Any = None) -> tuple[bytes, str]:
    """Encodes a result or a Problem: body and content type.

    accept: the request's Accept header.
    context: the model server's object for this request; it is given the status of a Problem, or the model's version.
    """
    if isinstance(result, Problem):
        if context:
            context.set_response_status(result.status, HTTPStatus(result.status).phrase)
        return encode_json({"error": result.message}), JSON
    if context:
        context.set_response_header(0, VERSION_HEADER, result.version)
    if isinstance(result, Description):
        return encode_json(result.document), JSON
    if preferred_type(accept) == NPY and not result.single_image:
        file = io.BytesIO()
        np.save(file, result.probabilities, allow_pickle=False)
        return file.getvalue(), NPY
    faces: list[dict[str, Any]] = [{"probabilities": row} for row in result.probabilities.tolist()]
    if not result.single_image:
        faces = [{"face": checksum, **face} for checksum, face in zip(result.checksums, faces, strict=True)]
    return encode_json({"labels": result.labels, "faces": faces}), JSON


def encode_json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode()


def preferred_type(accept: str | None) -> str:
    """The first of an Accept header's types that a response can have, or JSON if there is none, as in `*/*`."""
    types = map(media_type, (accept or "").split(","))
    return next((name for name in types if name in (JSON, NPY)), JSON)


def respond(
    body: bytes, content_type: str | None, accept: str | None, model: Model, classify: Classify | None = None
) -> Response:
    """Answers a request. It raises nothing: an unexpected error is logged with its traceback and becomes a 500.

    classify: as for `predict`; by default, the model runs for this request alone.
    """
    try:
        result = predict(input_fn(body, content_type), model, classify or model.network.probabilities)
        if isinstance(result, Problem):
            return problem_response(result)
        return Response(200, *output_fn(result, accept), {VERSION_HEADER: result.version})
    except Abandoned:
        return problem_response(Problem(503, "the connection was closed before the model was free"))
    except Exception:
        traceback.print_exc()
        return problem_response(Problem(500, "the model failed; the container's log has the traceback"))


def problem_response(problem: Problem) -> Response:
    return Response(problem.status, *output_fn(problem, None), {})
