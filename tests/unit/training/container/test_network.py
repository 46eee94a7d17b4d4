"""Models from elsewhere: each layout and dtype, and the sentence for a model that model.json does not describe."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import network
from contract import ContractError, read_contract
from network import Network, load_network
from tests.support.onnx_files import COLORS, color_contract, color_images, color_model


@pytest.fixture(autouse=True)
def _one_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MIEN_THREADS", "1")


def load(folder: Path, model: bytes, document: dict[str, Any]) -> Network:
    (folder / "model.onnx").write_bytes(model)
    (folder / "model.json").write_text(json.dumps(document))
    return load_network(folder, read_contract(folder))


def images(size: int = 64) -> np.ndarray:
    return np.stack([image for _, image in color_images(size)])


def changed(document: dict[str, Any], part: str, **fields: Any) -> dict[str, Any]:
    return {**document, part: {**document[part], **fields}}


@pytest.mark.parametrize("layout", ["NCHW", "NHWC"])
@pytest.mark.parametrize("dtype", ["uint8", "float32", "float16"])
@pytest.mark.parametrize("size", [16, 64])
def test_a_color_model_is_given_its_layout_and_its_dtype(layout: str, dtype: str, size: int, tmp_path: Path) -> None:
    loaded = load(tmp_path, color_model(size, layout, dtype), color_contract(size, layout, dtype))
    rows = loaded.probabilities(images(size))
    assert (rows.dtype, rows.shape) == (np.float32, (3, 3))
    assert [COLORS[index] for index in rows.argmax(1)] == COLORS
    assert np.abs(rows.sum(1) - 1).max() < 1e-6


@pytest.mark.parametrize("layout", ["NHW", "NHWC", "NCHW"])
def test_a_gray_model_can_have_any_layout(layout: str, tmp_path: Path) -> None:
    contract = read_contract_of(tmp_path, changed(color_contract(layout="NHW"), "input", layout=layout))
    pixels = np.arange(2 * 64 * 64, dtype=np.uint16).astype(np.uint8).reshape(2, 64, 64)
    batch = network.to_input(pixels, contract)
    assert batch.shape == {"NHW": (2, 64, 64), "NHWC": (2, 64, 64, 1), "NCHW": (2, 1, 64, 64)}[layout]
    assert (batch.reshape(2, 64, 64) * 255 == pixels).all()


def read_contract_of(folder: Path, document: dict[str, Any]) -> Any:
    (folder / "model.onnx").touch()
    (folder / "model.json").write_text(json.dumps(document))
    return read_contract(folder)


def test_normalisation_is_per_channel_and_for_pixels_from_0_to_1(tmp_path: Path) -> None:
    mean, deviation = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]
    document = changed(color_contract(), "input", normalisation={"mean": mean, "deviation": deviation})
    batch = network.to_input(images(), read_contract_of(tmp_path, document))
    expected = (images().transpose(0, 3, 1, 2) / 255 - np.reshape(mean, (3, 1, 1))) / np.reshape(deviation, (3, 1, 1))
    assert batch.dtype == np.float32
    assert np.abs(batch - expected).max() < 1e-5


def test_a_float_model_without_normalisation_reads_pixels_from_0_to_1(tmp_path: Path) -> None:
    batch = network.to_input(images(), read_contract_of(tmp_path, color_contract()))
    assert (batch.min(), batch.max()) == (np.float32(40 / 255), np.float32(220 / 255))


def test_logits_and_probabilities_give_the_same_answer(tmp_path: Path) -> None:
    logits = load(tmp_path, color_model(), color_contract()).probabilities(images())
    document = changed(color_contract(), "output", values="probabilities")
    probabilities = load(tmp_path, color_model(softmax=True), document).probabilities(images())
    assert np.abs(logits - probabilities).max() < 1e-6


def test_large_logits_do_not_overflow() -> None:
    assert network.softmax(np.array([[1000.0, 0, -1000]])).tolist() == [[1, 0, 0]]


@pytest.mark.parametrize("batch", [1, 2])
def test_a_model_that_was_exported_for_a_fixed_number_of_images_answers_any_number(batch: int, tmp_path: Path) -> None:
    any_number = load(tmp_path, color_model(), color_contract()).probabilities(images())
    fixed = load(tmp_path, color_model(batch=batch), color_contract())
    assert np.abs(fixed.probabilities(images()) - any_number).max() < 1e-6


def test_larger_images_are_computed_in_smaller_batches(tmp_path: Path) -> None:
    chunks = [load(tmp_path, color_model(size), color_contract(size)).chunk for size in (48, 96, 224)]
    assert chunks == [64, 16, 2]


CONTRACT = color_contract()


@pytest.mark.parametrize(
    ("model", "document", "sentence"),
    [
        (color_model(), {**CONTRACT, "labels": ["a", "b"]}, "the model has 3 outputs, and model.json has 2 labels"),
        (color_model(), {**CONTRACT, "labels": list("abcd")}, "the model has 3 outputs, and model.json has 4 labels"),
        (color_model(), changed(CONTRACT, "input", name="x"), 'no input "x": "input.name" is pixels'),
        (color_model(), changed(CONTRACT, "output", name="x"), 'no output "x": "output.name" is scores'),
        (color_model(), changed(CONTRACT, "input", dtype="uint8"), "the model reads tensor(float)"),
        (
            color_model(),
            changed(CONTRACT, "input", size=48),
            "the model reads [n, 3, 64, 64], and model.json describes",
        ),
        (color_model(), changed(CONTRACT, "input", layout="NHWC"), 'correct "input.size", "input.color" or "input.lay'),
        (color_model(), changed(CONTRACT, "input", color="gray"), "model.json describes [n, 1, 64, 64]"),
        (color_model(), changed(CONTRACT, "output", values="probabilities"), '"output.values" has to be "logits"'),
        (b"no model", CONTRACT, "model.onnx can't be loaded by ONNX Runtime: "),
        (color_model()[:-100], CONTRACT, "model.onnx can't be loaded by ONNX Runtime: "),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_model_that_is_not_as_described_is_refused_when_it_is_loaded(
    model: bytes, document: dict[str, Any], sentence: str, tmp_path: Path
) -> None:
    with pytest.raises(ContractError) as error:
        load(tmp_path, model, document)
    assert sentence in str(error.value)
    assert len(str(error.value).splitlines()) == 1
