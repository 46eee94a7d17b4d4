"""Serves a model with ONNX Runtime, through the four functions that SageMaker's PyTorch inference container calls.

A request has one face or many. The response has one row of probabilities per face, in the order of model.json's labels:
    application/x-npy     uint8 [n, height, width]   → JSON, n rows {"face": crc32, "probabilities": [...]}; the CRC-32
                                                       of each face's pixels lets the client check the order of rows.
                                                       npy, float32 [n, classes], if Accept names application/x-npy
    application/x-image   one JPEG or PNG            → JSON, one row: only the list of probabilities
A request that can't be answered becomes a Problem, which passes through the functions as a value. It is not an
exception, because the container answers every exception with its traceback. Our own servers (serve.py and
local/endpoint.py) call `respond`.
Sources: SageMaker Inference Toolkit 1.10.1, transformer.py; TorchServe 0.12, ts/context.py.
"""

import contextlib
import io
import json
import os
import traceback
import zlib
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from PIL import Image

# Set before the import: otherwise ONNX Runtime stores an identifier in the user's folder and sends usage events.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"

import onnxruntime

from contract import read_contract

NPY, IMAGE, JSON = "application/x-npy", "application/x-image", "application/json"
# SageMaker passes this response header on to the client of InvokeEndpoint; it carries the model's version.
VERSION_HEADER = "X-Amzn-SageMaker-Custom-Attributes"
# A request with more faces than this is a client's mistake.
MAX_FACES = 10_000
# A PNG of 10 kB can have 100 million pixels, and each one needs a byte of memory once it is decoded.
MAX_PIXELS = 50_000_000
# Faces per run of the model. More are not faster on a CPU, and each face needs about 1 MB while it is computed.
CHUNK = 64


@dataclass(frozen=True)
class Model:
    """A loaded model. height, width: of the faces that it reads, in pixels. version: from model.json."""

    session: onnxruntime.InferenceSession
    labels: list[str]
    height: int
    width: int
    version: str


@dataclass(frozen=True)
class Faces:
    """The faces of one request.

    pixels: uint8 [n, height, width].
    single_image: the request was one image file, and the response is one row.
    """

    pixels: np.ndarray
    single_image: bool


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
    version: the model's version.
    """

    checksums: list[str]
    probabilities: np.ndarray
    single_image: bool
    version: str


class Response(NamedTuple):
    """An HTTP response."""

    status: int
    body: bytes
    content_type: str
    headers: dict[str, str]


def model_fn(model_dir: str) -> Model:
    """Loads a model from a folder with model.onnx and model.json.

    The environment variable MIEN_THREADS sets how many threads compute; by default it is one per core. Set it to 1 if
    several processes share a machine.
    """
    contract = read_contract(Path(model_dir))
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = int(os.environ.get("MIEN_THREADS", "0"))
    # Builds for CUDA prefer TensorRT, which would compile the model for minutes before the first response.
    available = onnxruntime.get_available_providers()
    providers = [name for name in ("CUDAExecutionProvider", "CPUExecutionProvider") if name in available]
    session = onnxruntime.InferenceSession(str(Path(model_dir) / "model.onnx"), options, providers=providers)
    return Model(session, list(contract.labels), contract.input.size, contract.input.size, contract.version)


def input_fn(body: bytes, content_type: str | None) -> Faces | Problem:
    """Decodes a request's body. `predict_fn` checks whether the faces fit the model."""
    requested = media_type(content_type)
    if requested == NPY:
        return decode_npy(body)
    if requested == IMAGE:
        return decode_image(body)
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


def decode_image(body: bytes) -> Faces | Problem:
    with contextlib.suppress(Exception), Image.open(io.BytesIO(body), formats=("JPEG", "PNG")) as image:
        if image.width * image.height <= MAX_PIXELS:
            return Faces(np.asarray(image.convert("L"))[None], single_image=True)
    return Problem(400, f"the body can't be decoded as a JPEG or PNG of at most {MAX_PIXELS:,} pixels")


def predict_fn(faces: Faces | Problem, model: Model) -> Prediction | Problem:
    """Computes the probabilities of a request's faces. A Problem is passed on."""
    if isinstance(faces, Problem):
        return faces
    pixels = resize(faces.pixels, model) if faces.single_image else faces.pixels
    if pixels.dtype != np.uint8 or pixels.shape[1:] != (model.height, model.width):
        found = f"{pixels.dtype} {list(pixels.shape)}"
        return Problem(400, f"the array is {found}, not uint8 [n, {model.height}, {model.width}]")
    if not 0 < len(pixels) <= MAX_FACES:
        return Problem(400, f"the request has {len(pixels):,} faces: send 1 to {MAX_FACES:,}")
    checksums = [f"{zlib.crc32(face.tobytes()):08x}" for face in pixels]
    return Prediction(checksums, probabilities(pixels, model), faces.single_image, model.version)


def resize(pixels: np.ndarray, model: Model) -> np.ndarray:
    """Resizes one image, uint8 [1, any, any], to the model's input, uint8 [1, height, width]."""
    image = Image.fromarray(pixels[0]).resize((model.width, model.height), Image.Resampling.BOX)
    return np.asarray(image)[None]


def probabilities(pixels: np.ndarray, model: Model) -> np.ndarray:
    """uint8 [n, height, width] → float32 [n, classes]. A face's row does not depend on the other faces."""
    chunks = (pixels[start : start + CHUNK] for start in range(0, len(pixels), CHUNK))
    return np.concatenate([model.session.run(None, {"faces": chunk})[0] for chunk in chunks])


def output_fn(prediction: Prediction | Problem, accept: str | None, context: Any = None) -> tuple[bytes, str]:
    """Encodes a prediction or a Problem: body and content type.

    accept: the request's Accept header.
    context: the model server's object for this request; it is given the status of a Problem, or the model's version.
    """
    if isinstance(prediction, Problem):
        if context:
            context.set_response_status(prediction.status, HTTPStatus(prediction.status).phrase)
        return json.dumps({"error": prediction.message}).encode(), JSON
    if context:
        context.set_response_header(0, VERSION_HEADER, prediction.version)
    if prediction.single_image:
        return json.dumps(prediction.probabilities[0].tolist()).encode(), JSON
    if preferred_type(accept) == NPY:
        file = io.BytesIO()
        np.save(file, prediction.probabilities, allow_pickle=False)
        return file.getvalue(), NPY
    rows = zip(prediction.checksums, prediction.probabilities.tolist(), strict=True)
    return json.dumps([{"face": checksum, "probabilities": row} for checksum, row in rows]).encode(), JSON


def preferred_type(accept: str | None) -> str:
    """The first of an Accept header's types that a response can have, or JSON if there is none, as in `*/*`."""
    types = map(media_type, (accept or "").split(","))
    return next((name for name in types if name in (JSON, NPY)), JSON)


def respond(body: bytes, content_type: str | None, accept: str | None, model: Model) -> Response:
    """Answers a request. It raises nothing: an unexpected error is logged with its traceback and becomes a 500."""
    try:
        prediction = predict_fn(input_fn(body, content_type), model)
        if isinstance(prediction, Problem):
            return problem_response(prediction)
        return Response(200, *output_fn(prediction, accept), {VERSION_HEADER: prediction.version})
    except Exception:
        traceback.print_exc()
        return problem_response(Problem(500, "the model failed; the container's log has the traceback"))


def problem_response(problem: Problem) -> Response:
    return Response(problem.status, *output_fn(problem, None), {})
