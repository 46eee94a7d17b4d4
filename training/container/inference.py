"""Serves a model: the four functions that SageMaker's PyTorch inference container calls, over ONNX Runtime.

A request is one face or many; the answer is one row of probabilities for each, in the order of model.json's labels:
    application/x-npy     uint8 [n, height, width]   → float32 [n, classes], npy, or JSON with Accept: application/json
    application/x-image   one JPEG or PNG            → JSON, a list of probabilities
Source: SageMaker Python SDK, "Using PyTorch with the SageMaker Python SDK", serving.
"""

import io
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnxruntime
from PIL import Image

NPY, IMAGE, JSON = "application/x-npy", "application/x-image", "application/json"
# One call's faces are a batch of the model; more than this is a caller's mistake, and memory that others need.
MAX_FACES = 10_000


class BadRequest(ValueError):
    """The request's body is not what its content type says, or not what this model takes."""


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


def model_fn(model_dir: str, threads: int = 0) -> Model:
    """A folder of model.onnx and model.json → the model. threads: 0 takes a thread a core."""
    contract = json.loads((Path(model_dir) / "model.json").read_text())
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(
        str(Path(model_dir) / "model.onnx"), options, providers=onnxruntime.get_available_providers()
    )
    _, height, width = contract["input"]["shape"]
    return Model(session, contract["labels"], height, width, contract["version"])


def input_fn(body: bytes, content_type: str, model: Model) -> Faces:
    """Raises BadRequest."""
    if content_type == NPY:
        return Faces(faces_of(body, model), alone=False)
    if content_type == IMAGE:
        return Faces(image_of(body, model), alone=True)
    raise BadRequest(f"content type {content_type!r} is not taken: send {NPY} or {IMAGE}")


def faces_of(body: bytes, model: Model) -> np.ndarray:
    try:
        faces = np.load(io.BytesIO(body), allow_pickle=False)
    except Exception as error:
        raise BadRequest(f"the body is no npy file: {error}") from error
    if not isinstance(faces, np.ndarray) or faces.dtype != np.uint8 or faces.shape[1:] != (model.height, model.width):
        found = f"{faces.dtype} {list(faces.shape)}" if isinstance(faces, np.ndarray) else type(faces).__name__
        raise BadRequest(f"the array is {found}, not uint8 [n, {model.height}, {model.width}]")
    if not 0 < len(faces) <= MAX_FACES:
        raise BadRequest(f"{len(faces)} faces: a call takes 1 to {MAX_FACES:,}")
    return faces


def image_of(body: bytes, model: Model) -> np.ndarray:
    try:
        with Image.open(io.BytesIO(body), formats=("JPEG", "PNG")) as image:
            gray = image.convert("L").resize((model.width, model.height), Image.Resampling.BOX)
    except Exception as error:
        raise BadRequest("the body is no JPEG and no PNG that can be decoded") from error
    return np.asarray(gray)[None]


def predict_fn(faces: Faces, model: Model) -> tuple[np.ndarray, bool]:
    """→ probabilities, float32 [n, classes], and whether the request was a single image."""
    [probabilities] = model.session.run(None, {"faces": faces.pixels})
    return probabilities, faces.alone


def output_fn(prediction: tuple[np.ndarray, bool], accept: str) -> tuple[bytes, str]:
    """→ body and content type."""
    probabilities, alone = prediction
    if alone or JSON in accept:
        rows = probabilities.tolist()
        return json.dumps(rows[0] if alone else rows).encode(), JSON
    file = io.BytesIO()
    np.save(file, probabilities, allow_pickle=False)
    return file.getvalue(), NPY
