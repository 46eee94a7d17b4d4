"""Serves a model: the four functions that SageMaker's PyTorch inference container calls, over ONNX Runtime.

A request is one face or many; the answer is one row of probabilities for each, in the order of model.json's labels:
    application/x-npy     uint8 [n, height, width]   → JSON, n rows {"face": crc32, "probabilities": [...]}, each with
                                                       the CRC-32 of its face's pixels, so that whoever asked can see
                                                       that they are in order; npy, float32 [n, classes], if Accept
                                                       names it
    application/x-image   one JPEG or PNG            → JSON, one row: the probabilities alone
What can't be answered becomes a Refusal, a value that passes through the functions as faces do: the container answers
an exception with its traceback, whatever class it is of. Our own servers (serve.py, local/endpoint.py) call `answer`.
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

# From its import on, ONNX Runtime would keep an identifier in the user's folder and send events to its makers.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"

import onnxruntime

NPY, IMAGE, JSON = "application/x-npy", "application/x-image", "application/json"
# In an answer's header the runtime hands the model's version on to whoever called InvokeEndpoint.
VERSION = "X-Amzn-SageMaker-Custom-Attributes"
# One call's faces are a batch of the model; more than this is a caller's mistake.
MAX_FACES = 10_000
# A PNG of 10 kB can hold 100 million pixels, a byte of memory each once it is decoded.
MAX_PIXELS = 50_000_000
# Computed at once: larger parts are no faster on a processor, and a face takes about 1 MB meanwhile.
PART = 64


@dataclass(frozen=True)
class Model:
    session: onnxruntime.InferenceSession
    labels: list[str]
    height: int
    width: int
    version: str


@dataclass(frozen=True)
class Faces:
    """pixels: uint8 [n, height, width]; alone: the request was one image, and its answer is one row."""

    pixels: np.ndarray
    alone: bool


@dataclass(frozen=True)
class Refusal:
    """Why a request is not answered: an HTTP status, and a sentence for the caller."""

    status: int
    sentence: str


class Prediction(NamedTuple):
    """faces: CRC-32 of each face's pixels, in hexadecimal; probabilities: float32 [n, classes]; alone: as in Faces;
    version: the model's."""

    faces: list[str]
    probabilities: np.ndarray
    alone: bool
    version: str


class Answer(NamedTuple):
    status: int
    body: bytes
    kind: str
    headers: dict[str, str]


def model_fn(model_dir: str) -> Model:
    """A folder of model.onnx and model.json → the model.

    It computes in a thread a core, or in as many as MIEN_THREADS says: where several workers share a machine, one each.
    """
    contract = json.loads((Path(model_dir) / "model.json").read_text())
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = int(os.environ.get("MIEN_THREADS", "0"))
    # TensorRT, which a build for CUDA offers first, would compile the model for minutes before it answers.
    usable = onnxruntime.get_available_providers()
    providers = [name for name in ("CUDAExecutionProvider", "CPUExecutionProvider") if name in usable]
    session = onnxruntime.InferenceSession(str(Path(model_dir) / "model.onnx"), options, providers=providers)
    _, height, width = contract["input"]["shape"]
    return Model(session, contract["labels"], height, width, contract["version"])


def input_fn(body: bytes, content_type: str | None) -> Faces | Refusal:
    """A body → what it holds. Whether the model takes that, `predict_fn` says."""
    kind = media_type(content_type)
    if kind == NPY:
        return faces_of(body)
    if kind == IMAGE:
        return image_of(body)
    return Refusal(415, f"content type {kind!r} is not taken: send {NPY} or {IMAGE}")


def media_type(header: str | None) -> str:
    """A type of a Content-Type or Accept, without its parameters."""
    return (header or "").partition(";")[0].strip().lower()


def faces_of(body: bytes) -> Faces | Refusal:
    try:
        array = np.load(io.BytesIO(body), allow_pickle=False)
    except Exception:
        # NumPy's own words recommend to allow pickles.
        return Refusal(400, "the body is no whole npy file of numbers")
    if not isinstance(array, np.ndarray):
        return Refusal(400, "the body is an archive of arrays, not one npy file")
    return Faces(array, alone=False)


def image_of(body: bytes) -> Faces | Refusal:
    with contextlib.suppress(Exception), Image.open(io.BytesIO(body), formats=("JPEG", "PNG")) as image:
        if image.width * image.height <= MAX_PIXELS:
            return Faces(np.asarray(image.convert("L"))[None], alone=True)
    return Refusal(400, f"the body is no JPEG and no PNG, of up to {MAX_PIXELS:,} pixels, that can be decoded")


def predict_fn(faces: Faces | Refusal, model: Model) -> Prediction | Refusal:
    if isinstance(faces, Refusal):
        return faces
    pixels = resized(faces.pixels, model) if faces.alone else faces.pixels
    if pixels.dtype != np.uint8 or pixels.shape[1:] != (model.height, model.width):
        found = f"{pixels.dtype} {list(pixels.shape)}"
        return Refusal(400, f"the array is {found}, not uint8 [n, {model.height}, {model.width}]")
    if not 0 < len(pixels) <= MAX_FACES:
        return Refusal(400, f"{len(pixels):,} faces: a call takes 1 to {MAX_FACES:,}")
    identities = [f"{zlib.crc32(face.tobytes()):08x}" for face in pixels]
    return Prediction(identities, probabilities(pixels, model), faces.alone, model.version)


def resized(pixels: np.ndarray, model: Model) -> np.ndarray:
    """One image of any size, uint8 [1, height, width] → one of the model's."""
    image = Image.fromarray(pixels[0]).resize((model.width, model.height), Image.Resampling.BOX)
    return np.asarray(image)[None]


def probabilities(pixels: np.ndarray, model: Model) -> np.ndarray:
    """uint8 [n, height, width] → float32 [n, classes]. A face's row does not depend on what else is asked with it."""
    parts = (pixels[start : start + PART] for start in range(0, len(pixels), PART))
    return np.concatenate([model.session.run(None, {"faces": part})[0] for part in parts])


def output_fn(prediction: Prediction | Refusal, accept: str | None, context: Any = None) -> tuple[bytes, str]:
    """→ body and content type. context: the model server's, which gets a refusal's status, or the model's version."""
    if isinstance(prediction, Refusal):
        if context:
            context.set_response_status(prediction.status, HTTPStatus(prediction.status).phrase)
        return json.dumps({"error": prediction.sentence}).encode(), JSON
    if context:
        context.set_response_header(0, VERSION, prediction.version)
    if prediction.alone or wanted(accept) == JSON:
        rows = prediction.probabilities.tolist()
        if prediction.alone:
            return json.dumps(rows[0]).encode(), JSON
        named = zip(prediction.faces, rows, strict=True)
        return json.dumps([{"face": face, "probabilities": row} for face, row in named]).encode(), JSON
    file = io.BytesIO()
    np.save(file, prediction.probabilities, allow_pickle=False)
    return file.getvalue(), NPY


def wanted(accept: str | None) -> str:
    """The first type of an Accept header that there is an answer in: JSON if it names none, as in `*/*`."""
    kinds = map(media_type, (accept or "").split(","))
    return next((kind for kind in kinds if kind in (JSON, NPY)), JSON)


def answer(body: bytes, content_type: str | None, accept: str | None, model: Model) -> Answer:
    """A request → its answer, whatever happens: a failure of the model's is a 500, and told to the log alone."""
    try:
        prediction = predict_fn(input_fn(body, content_type), model)
        if isinstance(prediction, Refusal):
            return refused(prediction)
        return Answer(200, *output_fn(prediction, accept), {VERSION: prediction.version})
    except Exception:
        traceback.print_exc()
        return refused(Refusal(500, "the model failed; the container's log says why"))


def refused(refusal: Refusal) -> Answer:
    return Answer(refusal.status, *output_fn(refusal, None), {})
