"""`python -m training quantize`: the model of 8-bit integers answers nearly as the float model does."""

import json
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from onnx import TensorProto, helper, numpy_helper

import artifact
from resnet import Classifier, ResNet
from tests.support.fer2013 import run_training
from tests.training.evaluation.tiny_models import write_model
from training.data.labelled_images import LabelledImages
from training.data.writers import write_arrays
from training.evaluation.measure import load_model, probabilities

# PyTorch warns that this exporter, which writes smaller files, is not its default any more.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")
LABELS = ["a", "b", "c"]


def write_resnet(folder: Path, color: str) -> Path:
    """Writes a network with random weights, whose outputs differ from image to image."""
    torch.manual_seed(0)
    channels = 1 if color == "gray" else 3
    network = ResNet(3, depth=10, width=8, channels=channels)
    for block in network.stages:
        torch.nn.init.ones_(block.second[1].weight)
    model = Classifier(network, [100.0] * channels, [50.0] * channels, True, 1.0, 0.1)
    artifact.write(model, folder, LABELS, size=16, color=color, faces="whole", data=None, description={})
    return folder


def write_old(folder: Path) -> Path:
    """Writes a model of one convolution over the whole image, in an opset that has no scales per channel."""
    model = write_model(folder, dict.fromkeys(LABELS, 0), size=16, layout="NCHW", dtype="float32", values="logits")
    weights = numpy_helper.from_array(np.ones((3, 3, 16, 16), np.float32), "weights")
    graph = helper.make_graph(
        [helper.make_node("Conv", ["input", "weights"], ["map"]), helper.make_node("Flatten", ["map"], ["logits"])],
        "one convolution",
        [helper.make_tensor_value_info("input", TensorProto.FLOAT, ["n", 3, 16, 16])],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["n", 3])],
        [weights],
    )
    network = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 11)], ir_version=6)
    onnx.save(network, folder / "model.onnx")
    return model


def write_data(folder: Path, color: str) -> LabelledImages:
    shape = (60, 16, 16) if color == "gray" else (60, 16, 16, 3)
    pixels = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
    # Brighter and darker ones, as in photos.
    pixels = (pixels * np.linspace(0.1, 1, 60).reshape(-1, *[1] * (len(shape) - 1))).astype(np.uint8)
    data = LabelledImages(pixels, np.arange(60) % 3, LABELS)
    write_arrays(data, folder / "train")
    return data


def quantize(model: Path, data: Path, output: Path, *more: object) -> str:
    result = run_training("quantize", model, "--data", data, "--output", output, *more)
    assert result.returncode == 0, result.stderr
    assert result.stderr == ""
    return " ".join(result.stdout.split())


def refusal(model: Path, data: Path, output: Path) -> str:
    result = run_training("quantize", model, "--data", data, "--output", output)
    assert result.returncode == 1
    assert "Traceback" not in result.stderr
    return " ".join(result.stderr.split())


@pytest.mark.parametrize("color", ["gray", "rgb"])
def test_the_quantized_model_answers_nearly_as_the_float_model(tmp_path: Path, color: str) -> None:
    model, data = write_resnet(tmp_path / "float", color), write_data(tmp_path / "data", color)
    printed = quantize(model, tmp_path / "data", tmp_path / "int8", "--images", 40)
    files = [folder / "model.onnx" for folder in (model, tmp_path / "int8")]
    assert files[1].stat().st_size < 0.6 * files[0].stat().st_size
    rows, quantized = (probabilities(data.images, load_model(file.parent)) for file in files)
    assert rows.std(0).max() > 0.1
    assert 0 < np.abs(quantized - rows).mean() < 0.02
    operators = {node.op_type for node in onnx.load(files[1]).graph.node}
    assert "DequantizeLinear" in operators
    documents = [json.loads((file.parent / "model.json").read_text()) for file in files]
    assert documents[1]["labels"] == LABELS
    assert documents[1]["version"] != documents[0]["version"]
    assert documents[1]["version"] in printed
    described = documents[1]["quantization"]
    assert (described["from"], described["images"]) == (documents[0]["version"], 40)
    assert described["command"].startswith("python -m training quantize float --data data --output int8")


def test_the_same_images_give_the_same_model(tmp_path: Path) -> None:
    model = write_resnet(tmp_path / "float", "gray")
    write_data(tmp_path / "data", "gray")
    for name, seed in (("first", 0), ("second", 0), ("other", 1)):
        quantize(model, tmp_path / "data", tmp_path / name, "--images", 20, "--seed", seed)
    first, second, other = ((tmp_path / name / "model.onnx").read_bytes() for name in ("first", "second", "other"))
    assert first == second
    assert first != other


def test_an_image_gets_the_same_bits_in_every_batch(tmp_path: Path) -> None:
    model, data = write_resnet(tmp_path / "float", "gray"), write_data(tmp_path / "data", "gray")
    quantize(model, tmp_path / "data", tmp_path / "int8")
    loaded = load_model(tmp_path / "int8")
    rows = probabilities(data.images, loaded)
    assert (np.concatenate([probabilities(image[None], loaded) for image in data.images]) == rows).all()


def test_a_model_that_reads_a_fixed_number_of_images_is_quantized(tmp_path: Path) -> None:
    model, data = write_resnet(tmp_path / "float", "gray"), write_data(tmp_path / "data", "gray")
    network = onnx.load(model / "model.onnx")
    network.graph.input[0].type.tensor_type.shape.dim[0].dim_value = 8
    onnx.save(network, model / "model.onnx")
    quantize(model, tmp_path / "data", tmp_path / "int8", "--images", 20)
    rows, quantized = (probabilities(data.images, load_model(tmp_path / name)) for name in ("float", "int8"))
    assert np.abs(quantized - rows).mean() < 0.02


def test_a_model_that_cannot_be_quantized_is_refused_in_one_sentence(tmp_path: Path) -> None:
    model = write_resnet(tmp_path / "float", "gray")
    write_data(tmp_path / "data", "gray")
    quantize(model, tmp_path / "data", tmp_path / "int8")
    assert "has a model already" in refusal(model, tmp_path / "data", tmp_path / "int8")
    assert "is quantized already" in refusal(tmp_path / "int8", tmp_path / "data", tmp_path / "again")
    plain = write_model(tmp_path / "plain", {"a": 40, "b": 128, "c": 215}, size=16)
    assert "none of the operators" in refusal(plain, tmp_path / "data", tmp_path / "again")
    write_data(tmp_path / "colors", "rgb")
    old = write_old(tmp_path / "old")
    assert "export it with opset 13 or a later one" in refusal(old, tmp_path / "colors", tmp_path / "again")
    assert not (tmp_path / "again").exists()


def test_data_of_another_size_is_refused(tmp_path: Path) -> None:
    plain = write_model(tmp_path / "plain", {"a": 40, "b": 128, "c": 215})
    write_data(tmp_path / "data", "gray")
    assert "prepare the data with --size 48" in refusal(plain, tmp_path / "data", tmp_path / "again")
