"""The model under SageMaker's own inference toolkit, as its PyTorch container serves it."""

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

ROOT = Path(__file__).parents[2]
SAMPLES = sorted((ROOT / "samples" / "faces").rglob("*.png"))
NPY, IMAGE, JSON = "application/x-npy", "application/x-image", "application/json"
VERSION = json.loads((ROOT / "models" / "model.json").read_text())["version"]


class Context:
    """What the toolkit and a model's code use of TorchServe's context, for one request at a time."""

    def __init__(self, model_dir: Path):
        self.model_name = "model"
        self.system_properties = {"model_dir": str(model_dir)}
        self.request_processor = [self]
        self.receive({})

    def receive(self, headers: dict[str, str]) -> None:
        self.asked, self.status, self.headers = headers, 200, dict[str, str]()

    def get_request_properties(self) -> dict[str, str]:
        return self.asked

    def set_response_status(self, code: int = 200, phrase: str = "", idx: int = 0) -> None:
        self.status = code

    def set_response_content_type(self, idx: int, value: str) -> None:
        self.set_response_header(idx, "content-type", value)

    def set_response_header(self, idx: int, key: str, value: str) -> None:
        self.headers[key] = value


@pytest.fixture(scope="module")
def artifact(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What model.tar.gz holds, unpacked where the container finds it."""
    folder = tmp_path_factory.mktemp("model")
    (folder / "code").mkdir()
    for name in ("model.onnx", "model.json"):
        shutil.copy(ROOT / "models" / name, folder)
    shutil.copy(ROOT / "training" / "container" / "inference.py", folder / "code")
    return folder


@pytest.fixture(scope="module")
def code(artifact: Path) -> Iterator[ModuleType]:
    """The archive's inference.py, imported from there and from nowhere else."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(artifact / "code")
        patch.delitem(sys.modules, "inference", raising=False)
        import inference

        assert Path(str(inference.__file__)).parent == artifact / "code"
        yield inference
        del sys.modules["inference"]


Ask = Callable[..., tuple[int, dict[str, str], bytes]]


@pytest.fixture(scope="module")
def ask(artifact: Path, code: ModuleType) -> Iterator[Ask]:
    """A body and headers → status, headers, body. TorchServe hands a body on as a bytearray."""
    with pytest.MonkeyPatch.context() as patch:
        # The service adds to it.
        patch.setenv("PYTHONPATH", "")
        context, service = Context(artifact), DefaultHandlerService()
        service.initialize(context)

        def ask(body: bytes, **headers: str) -> tuple[int, dict[str, str], bytes]:
            context.receive({name.replace("_", "-"): value for name, value in headers.items()})
            [answer] = service.handle([{"body": bytearray(body)}], context)
            return context.status, context.headers, answer

        yield ask


@pytest.fixture(scope="module")
def faces() -> np.ndarray:
    return np.stack([np.asarray(Image.open(path)) for path in SAMPLES])


@pytest.fixture(scope="module")
def direct(code: ModuleType, faces: np.ndarray) -> np.ndarray:
    """What the model's own functions give for the faces."""
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


ONE = np.zeros((1, 48, 48), np.uint8)


@pytest.mark.parametrize(
    ("headers", "kind"),
    [
        ({"content_type": NPY, "accept": JSON}, JSON),
        ({"Content_Type": NPY, "Accept": NPY}, NPY),
        ({"content_type": NPY, "accept": "*/*"}, JSON),
        ({"content_type": "Application/X-NPY; charset=binary"}, JSON),
    ],
)
def test_a_batch_gets_the_probabilities_that_the_model_gives_directly(
    headers: dict[str, str], kind: str, ask: Ask, faces: np.ndarray, direct: np.ndarray
) -> None:
    status, given, body = ask(npy(faces), **headers)
    assert (status, given["content-type"]) == (200, kind)
    rows = [row["probabilities"] for row in json.loads(body)] if kind == JSON else np.load(io.BytesIO(body))
    assert (np.array(rows, np.float32) == direct).all()


def test_an_image_gets_the_probabilities_that_the_model_gives_directly(ask: Ask, direct: np.ndarray) -> None:
    for path, row in zip(SAMPLES, direct, strict=True):
        status, _, body = ask(path.read_bytes(), content_type=IMAGE, accept=JSON)
        assert status == 200
        assert (np.array(json.loads(body), np.float32) == row).all()


def test_an_answer_names_the_models_version_where_the_runtime_passes_it_on(ask: Ask) -> None:
    _, headers, _ = ask(npy(ONE), content_type=NPY)
    assert headers["X-Amzn-SageMaker-Custom-Attributes"] == VERSION


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"", NPY, 400),
        (b"no npy", NPY, 400),
        (npy(ONE)[:-1], NPY, 400),
        (npz(ONE), NPY, 400),
        (npy(np.array([{"a": 1}], object)), NPY, 400),
        (npy(np.zeros((1, 48, 48), np.float32)), NPY, 400),
        (npy(np.zeros((1, 47, 48), np.uint8)), NPY, 400),
        (npy(np.zeros((0, 48, 48), np.uint8)), NPY, 400),
        (b"", IMAGE, 400),
        (b"no image", IMAGE, 400),
        (b"{}", JSON, 415),
        (b"1,2", "text/csv", 415),
        (npz(ONE), "application/x-npz", 415),
    ],
    ids=lambda value: f"{len(value)} bytes" if isinstance(value, bytes) else None,
)
def test_what_the_model_cannot_take_is_refused_with_a_sentence_and_no_traceback(
    body: bytes, kind: str, status: int, ask: Ask
) -> None:
    answered, headers, said = ask(body, content_type=kind, accept=JSON)
    assert (answered, headers["content-type"]) == (status, JSON)
    [(name, sentence)] = json.loads(said).items()
    assert name == "error"
    assert "\n" not in sentence
    assert "Traceback" not in sentence


def test_a_refusal_leaves_nothing_behind_for_the_next_request(ask: Ask, faces: np.ndarray) -> None:
    assert ask(b"", content_type=NPY)[0] == 400
    status, _, body = ask(npy(faces), content_type=NPY)
    assert (status, len(json.loads(body))) == (200, len(faces))


def test_without_a_content_type_a_request_is_refused(ask: Ask) -> None:
    assert ask(npy(ONE))[0] == 415
