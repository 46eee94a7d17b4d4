"""The model behind the endpoint is exchanged for one with other labels or another input, while the functions run."""

import io
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

import served_model
from local.endpoint import EndpointServer
from local.paths import MODEL
from mien.errors import ModelExchanged
from served_model import ServedModel
from tests.support.bucket import Bucket
from tests.support.invoking import DeadLetters, StartHandler
from tests.support.labels import LABELS
from tests.support.messages import message
from tests.support.onnx_files import write_color_model
from tests.support.sagemaker_runtime import always, serving

COMMITTED = served_model.load(str(MODEL))


@contextmanager
def serving_model(model: ServedModel) -> Iterator[EndpointServer]:
    """An endpoint. Its model can be exchanged while it serves."""
    server = EndpointServer(0, "mien-faces", model)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()


def address(server: EndpointServer) -> str:
    return f"http://127.0.0.1:{server.server_port}"


def photo(color: str) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (320, 240), color).save(file, "PNG")
    return file.getvalue()


def event_about(bucket: Bucket, name: str) -> dict[str, Any]:
    """The event as S3 itself sends it. Without a message, a failure is raised."""
    event: dict[str, Any] = json.loads(message(bucket.name, bucket.inbox + name, "0A", name)["body"])
    return event


def test_images_are_read_again_for_a_model_with_another_input(
    bucket: Bucket, sample: bytes, start_handler: StartHandler, tmp_path: Path
) -> None:
    """It reads 64x64 in color instead of 48x48 in gray, has three other labels, and is not for faces."""
    colors = served_model.load(str(write_color_model(tmp_path)))
    for name, data in (
        ("exchange face.png", sample),
        ("exchange red.png", photo("red")),
        ("exchange back.png", sample),
    ):
        bucket.upload_without_event(name, data)
    with serving_model(COMMITTED) as server:
        handle = start_handler(address(server))
        handle(event_about(bucket, "exchange face.png"))
        server.served = colors
        with pytest.raises(ModelExchanged):
            handle(event_about(bucket, "exchange red.png"))
        assert bucket.documents("exchange red.png") == []
        handle(event_about(bucket, "exchange red.png"))
        server.served = COMMITTED
        with pytest.raises(ModelExchanged):
            handle(event_about(bucket, "exchange back.png"))
        handle(event_about(bucket, "exchange back.png"))
    [face], [red], [back] = (bucket.documents(f"exchange {name}.png") for name in ("face", "red", "back"))
    assert (face["label"], back["label"], set(face["probabilities"])) == ("happy", "happy", set(LABELS))
    assert (red["label"], list(red["probabilities"])) == ("red", ["blue", "green", "red"])
    assert [d["model"]["preprocessing"].partition("-")[2] for d in (face, red, back)] == [
        "gray-48",
        "rgb-64",
        "gray-48",
    ]
    assert "score" not in red["faces"][0]


def test_a_model_with_the_same_input_and_other_labels_needs_no_second_attempt(
    bucket: Bucket, sample: bytes, start_handler: StartHandler, tmp_path: Path
) -> None:
    """Its labels are in another order: as if somebody had trained with the folders sorted in another way."""
    (tmp_path / "model.onnx").symlink_to(MODEL / "model.onnx")
    contract = json.loads((MODEL / "model.json").read_text())
    changed = contract | {"labels": contract["labels"][::-1], "version": "reversed"}
    (tmp_path / "model.json").write_text(json.dumps(changed))
    for name in ("before.png", "after.png"):
        bucket.upload_without_event(f"order {name}", sample)
    with serving_model(COMMITTED) as server:
        handle = start_handler(address(server))
        handle(event_about(bucket, "order before.png"))
        server.served = served_model.load(str(tmp_path))
        handle(event_about(bucket, "order after.png"))
    [before], [after] = bucket.documents("order before.png"), bucket.documents("order after.png")
    assert (before["label"], after["label"]) == ("happy", changed["labels"][contract["labels"].index("happy")])
    assert after["model"]["version"] == "reversed"


@pytest.mark.parametrize(
    ("variables", "answer", "reason"),
    [
        (
            {"ENDPOINT_INPUT": "image"},
            [0.2, 0.3, 0.5],
            "The model tells apart 3 labels, but the stack's parameter Labels",
        ),
        ({}, {"predictions": []}, "The endpoint does not describe its model, so its labels are not known."),
    ],
    ids=["another number of labels", "no description"],
)
def test_images_for_a_model_that_does_not_fit_are_dead_letters_at_once(
    variables: dict[str, str],
    answer: Any,
    reason: str,
    bucket: Bucket,
    sample: bytes,
    start_handler: StartHandler,
    dead_letters: DeadLetters,
) -> None:
    name = f"misfit{len(variables)}.png"
    bucket.upload_without_event(name, sample)
    with serving(always(200, answer), description=None) as (url, _):
        event = {"Records": [message(bucket.name, bucket.inbox + name, "0A", name)]}
        assert start_handler(url, **variables)(event) == {"batchItemFailures": []}
    [letter] = [letter for letter in dead_letters() if name in letter["Body"]]
    assert letter["MessageAttributes"]["Reason"]["StringValue"].startswith(reason)
    assert bucket.documents(name) == []
