"""The model in SageMaker's own inference toolkit, which serves it in the PyTorch container."""

import io
import json
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from PIL import Image
from sagemaker_inference.default_handler_service import DefaultHandlerService

from contract import CODE_FILES

ROOT = Path(__file__).parents[3]
SAMPLES = sorted((ROOT / "samples" / "faces").rglob("*.png"))
NPY, IMAGE, JSON = "application/x-npy", "application/x-image", "application/json"
VERSION = json.loads((ROOT / "models" / "model.json").read_text())["version"]


class Context:
    """The parts of TorchServe's context that the toolkit and a model's code use, for one request at a time."""

    def __init__(self, model_dir: Path):
        self.model_name = "model"
        self.system_properties = {"model_dir": str(model_dir)}
        self.request_processor = [self]
        self.receive({})

    def receive(self, headers: dict[str, str]) -> None:
        self.request_headers = headers
        self.status = 200
        self.headers: dict[str, str] = {}

    def get_request_properties(self) -> dict[str, str]:
        return self.request_headers

    def set_response_status(self, code: int = 200, phrase: str = "", idx: int = 0) -> None:
        self.status = code

    def set_response_content_type(self, idx: int, value: str) -> None:
        self.set_response_header(idx, "content-type", value)

    def set_response_header(self, idx: int, key: str, value: str) -> None:
        self.headers[key] = value


@pytest.fixture(scope="module")
def artifact(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files of model.tar.gz, unpacked where the container reads them."""
    folder = tmp_path_factory.mktemp("model")
    (folder / "code").mkdir()
    for name in ("model.onnx", "model.json"):
        shutil.copy(ROOT / "models" / name, folder)
    for name in CODE_FILES:
        shutil.copy(ROOT / "training" / "container" / name, folder / "code")
    return folder


@pytest.fixture(scope="module")
def code(artifact: Path) -> Iterator[ModuleType]:
    """The archive's inference.py, imported from the archive and not from the repository."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(artifact / "code")
        for name in CODE_FILES:
            patch.delitem(sys.modules, name.removesuffix(".py"), raising=False)
        import inference

        assert Path(str(inference.__file__)).parent == artifact / "code"
        yield inference
        del sys.modules["inference"]


Send = Callable[..., tuple[int, dict[str, str], bytes]]


@pytest.fixture(scope="module")
def send(artifact: Path, code: ModuleType) -> Iterator[Send]:
    """Sends a body and headers, and returns status, headers and body. TorchServe passes a body on as a bytearray."""
    with pytest.MonkeyPatch.context() as patch:
        # The service adds to this variable; the patch restores it.
        patch.setenv("PYTHONPATH", "")
        context, service = Context(artifact), DefaultHandlerService()
        service.initialize(context)

        def send(body: bytes, **headers: str) -> tuple[int, dict[str, str], bytes]:
            context.receive({name.replace("_", "-"): value for name, value in headers.items()})
            [response] = service.handle([{"body": bytearray(body)}], context)
            return context.status, context.headers, response

        yield send


@pytest.fixture(scope="module")
def faces() -> np.ndarray:
    return np.stack([np.asarray(Image.open(path)) for path in SAMPLES])


@pytest.fixture(scope="module")
def direct(code: ModuleType, faces: np.ndarray) -> np.ndarray:
    """The probabilities that the model's own functions return for the faces."""
    model = code.model_fn(str(ROOT / "models"))
    return code.predict_fn(code.Faces(faces, False), model).probabilities


def npy(array: Any) -> bytes:
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


def npz(array: np.ndarray) -> bytes:
    file = io.BytesIO()
    np.savez(file, array)
    return file.getvalue()


def probabilities(body: bytes) -> list[list[float]]:
    return [face["probabilities"] for face in json.loads(body)["faces"]]


ONE_FACE = np.zeros((1, 48, 48), np.uint8)


@pytest.mark.parametrize(
    ("headers", "content_type"),
    [
        ({"content_type": NPY, "accept": JSON}, JSON),
        ({"Content_Type": NPY, "Accept": NPY}, NPY),
        ({"content_type": NPY, "accept": "*/*"}, JSON),
        ({"content_type": "Application/X-NPY; charset=binary"}, JSON),
    ],
)
def test_a_batch_gets_the_probabilities_that_the_model_gives_directly(
    headers: dict[str, str], content_type: str, send: Send, faces: np.ndarray, direct: np.ndarray
) -> None:
    status, response_headers, body = send(npy(faces), **headers)
    assert (status, response_headers["content-type"]) == (200, content_type)
    rows = probabilities(body) if content_type == JSON else np.load(io.BytesIO(body))
    assert (np.array(rows, np.float32) == direct).all()


def test_an_image_gets_the_probabilities_that_the_model_gives_directly(send: Send, direct: np.ndarray) -> None:
    for path, row in zip(SAMPLES, direct, strict=True):
        status, _, body = send(path.read_bytes(), content_type=IMAGE, accept=JSON)
        assert status == 200
        [probabilities_of_image] = probabilities(body)
        assert (np.array(probabilities_of_image, np.float32) == row).all()


def test_the_response_names_the_models_version_in_the_header_that_sagemaker_passes_on(send: Send) -> None:
    _, headers, _ = send(npy(ONE_FACE), content_type=NPY)
    assert headers["X-Amzn-SageMaker-Custom-Attributes"] == VERSION


@pytest.mark.parametrize(
    ("body", "content_type", "status"),
    [
        (b"", NPY, 400),
        (b"no npy", NPY, 400),
        (npy(ONE_FACE)[:-1], NPY, 400),
        (npz(ONE_FACE), NPY, 400),
        (npy(np.array([{"a": 1}], object)), NPY, 400),
        (npy(np.zeros((1, 48, 48), np.float32)), NPY, 400),
        (npy(np.zeros((1, 47, 48), np.uint8)), NPY, 400),
        (npy(np.zeros((0, 48, 48), np.uint8)), NPY, 400),
        (b"", IMAGE, 400),
        (b"no image", IMAGE, 400),
        (b"{}", JSON, 400),
        (b"1,2", "text/csv", 415),
        (npz(ONE_FACE), "application/x-npz", 415),
    ],
    ids=lambda value: f"{len(value)} bytes" if isinstance(value, bytes) else None,
)
def test_an_invalid_request_is_answered_with_a_sentence_and_no_traceback(
    body: bytes, content_type: str, status: int, send: Send
) -> None:
    response_status, headers, response = send(body, content_type=content_type, accept=JSON)
    assert (response_status, headers["content-type"]) == (status, JSON)
    [(name, message)] = json.loads(response).items()
    assert name == "error"
    assert "\n" not in message
    assert "Traceback" not in message


def test_an_invalid_request_does_not_affect_the_next_request(send: Send, faces: np.ndarray) -> None:
    assert send(b"", content_type=NPY)[0] == 400
    status, _, body = send(npy(faces), content_type=NPY)
    assert (status, len(probabilities(body))) == (200, len(faces))


def test_the_model_describes_itself(send: Send) -> None:
    status, headers, body = send(b'{"describe": "model"}', content_type=JSON)
    assert (status, headers["content-type"]) == (200, JSON)
    assert json.loads(body)["version"] == VERSION


def test_a_request_without_a_content_type_is_invalid(send: Send) -> None:
    assert send(npy(ONE_FACE))[0] == 415
