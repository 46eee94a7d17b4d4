"""A training starts from weights that exist: our own, or a ResNet's of torchvision or timm."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import torch

from arguments import parse_arguments
from contract import CHANNELS
from faces import read_both
from processes import Processes
from start import initial_state, started_data
from tests.training.drawn_shapes import QUICK, train, write_shapes
from tests.training.torchvision_layout import fill, shapes
from weights import IMAGENET, UnusableWeights, fit_color, read_start

FOLDERS = ["--train=a", "--validation=b", "--model-dir=c"]


@pytest.fixture(scope="module")
def imagenet(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file as torchvision's pretrained ResNets, with a thousand classes."""
    path = tmp_path_factory.mktemp("weights") / "resnet.pth"
    torch.save(fill(shapes(False, classes=1000)), path)
    return path


def safetensors(weights: dict[str, torch.Tensor]) -> bytes:
    """A file as the package safetensors writes it."""
    types = {torch.float32: "F32", torch.int64: "I64"}
    header: dict[str, Any] = {"__metadata__": {"format": "pt"}}
    numbers = b""
    for name, weight in weights.items():
        begin, numbers = len(numbers), numbers + weight.numpy().tobytes()
        place = [begin, len(numbers)]
        header[name] = {"dtype": types[weight.dtype], "shape": list(weight.shape), "data_offsets": place}
    text = json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + numbers


@pytest.mark.parametrize("wrap", [lambda w: w, lambda w: {"state_dict": w}, lambda w: {"model": w, "epoch": 3}])
@pytest.mark.parametrize("prefix", ["", "module."])
def test_weights_are_found_as_training_scripts_store_them(wrap: Any, prefix: str, tmp_path: Path) -> None:
    weights = {"conv1.weight": torch.ones(2, 3, 7, 7), "bn1.num_batches_tracked": torch.tensor(4)}
    torch.save(wrap({prefix + name: weight for name, weight in weights.items()}), tmp_path / "weights.pt")
    start = read_start(tmp_path / "weights.pt")
    assert {name: weight.tolist() for name, weight in start.weights.items()} == {
        name: weight.tolist() for name, weight in weights.items()
    }
    assert start.normalisation == IMAGENET


def test_safetensors_are_read_without_a_package(tmp_path: Path) -> None:
    weights = fill({"conv1.weight": (4, 3, 7, 7), "bn1.num_batches_tracked": (), "fc.bias": (4,)})
    (tmp_path / "weights.safetensors").write_bytes(safetensors(weights))
    found = read_start(tmp_path / "weights.safetensors").weights
    assert all(torch.equal(found[name], weight) for name, weight in weights.items())


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("a.pt", b"no archive", "can't be read as weights: it is damaged, or it has more than weights"),
        ("a.pt", torch.nn.Linear(2, 2), "can't be read as weights: it is damaged, or it has more than weights"),
        ("a.pt", [1, 2], "has list, and no state_dict"),
        ("a.pt", {"epoch": 3}, "has no weights: store model.state_dict"),
        ("a.safetensors", b"\xff" * 20, "is damaged, or no safetensors file"),
        ("a.safetensors", safetensors({"a": torch.zeros(9)})[:-1], "is damaged, or no safetensors file"),
        ("a.safetensors", b"", "is damaged, or no safetensors file"),
        ("a.pt", None, "there is no such file"),
    ],
)
def test_a_file_without_weights_is_refused(name: str, content: Any, reason: str, tmp_path: Path) -> None:
    if isinstance(content, bytes):
        (tmp_path / name).write_bytes(content)
    elif content is not None:
        torch.save(content, tmp_path / name)
    with pytest.raises(UnusableWeights, match=reason):
        read_start(tmp_path / name)


def test_a_gray_pixel_gives_what_the_same_gray_in_color_gives() -> None:
    weight, gray = torch.randn(4, 3, 7, 7), torch.randn(2, 1, 16, 16)
    expected = torch.conv2d(gray.expand(-1, 3, -1, -1), weight)
    found = torch.conv2d(gray, fit_color(weight, 1))
    assert torch.allclose(found, expected, atol=1e-4)
    assert torch.allclose(
        torch.conv2d(gray.expand(-1, 3, -1, -1), fit_color(found_weight := fit_color(weight, 1), 3)), found, atol=1e-4
    )
    assert found_weight.shape == (4, 1, 7, 7)


@pytest.mark.parametrize("color", CHANNELS)
def test_a_network_starts_with_the_weights_of_the_file_and_a_new_output_layer(
    color: str, imagenet: Path, tmp_path: Path
) -> None:
    write_shapes(tmp_path, color=color)
    start = read_start(imagenet)
    data = started_data(read_both(tmp_path / "train", tmp_path / "validation"), start)
    state = initial_state(
        parse_arguments([*FOLDERS, "--batch-size=8"]), data, start, Processes(0, 1, torch.device("cpu"))
    )
    weights = state.network.state_dict()
    assert torch.equal(weights["layer4.0.conv2.weight"], start.weights["layer4.0.conv2.weight"])
    assert weights["conv1.weight"].shape[1] == CHANNELS[color] == len(data.normalisation[0])
    assert weights["fc.weight"].shape == (3, 512, 1, 1)
    if color == "rgb":
        assert data.normalisation == IMAGENET


def test_a_backbone_is_trained_exported_and_trained_further(imagenet: Path, tmp_path: Path) -> None:
    write_shapes(tmp_path / "color", size=64, color="rgb")
    first = train(tmp_path / "color", {**QUICK, "epochs": 1, "learning-rate": 0.01, "start-from": imagenet})
    assert "starting from resnet.pth" in first.printed
    training = json.loads((first.folder / "model.json").read_text())["training"]
    assert training["hyperparameters"]["start_from"] == training["start_from"]["file"] == "resnet.pth"
    write_shapes(tmp_path / "gray", size=48)
    second = train(tmp_path / "gray", {**QUICK, "epochs": 1, "start-from": first.folder / "model.pt"})
    assert "starting from model.pt" in second.printed


def test_our_own_model_goes_on_where_it_was_and_has_a_new_output_layer_for_other_classes(tmp_path: Path) -> None:
    write_shapes(tmp_path, train=120, validation=30)
    first = train(tmp_path, {**QUICK, "epochs": 12, "stem-stride": 1, "learning-rate": 0.05})
    reached = max(row["validation_accuracy"] for row in first.history)
    (tmp_path / "model").rename(tmp_path / "first")
    (tmp_path / "checkpoints").rename(tmp_path / "earlier")
    again = {**QUICK, "epochs": 1, "learning-rate": 1e-6, "start-from": tmp_path / "first" / "model.pt"}
    again["stem-stride"] = 1
    # The file, and not the options, says how deep and wide the network is.
    [row] = train(tmp_path, {**again, "width": 24, "depth": 18}).history
    assert row["last_accuracy"] >= reached - 0.1
    start = read_start(tmp_path / "first" / "model.pt")
    assert (start.classes, start.stem_stride) == (("circle", "square", "triangle"), 1)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (
            {"layer1.0.se.weight": (1,)},
            "has weights of another network than a ResNet of torchvision or timm, or a model.pt",
        ),
        ({"stem.0.weight": (8, 1, 3, 3)}, "has 0 blocks, and a network of train.py has 4, 8, 16"),
    ],
)
def test_a_training_from_another_network_ends_with_a_sentence(
    change: dict[str, tuple[int, ...]], reason: str, tmp_path: Path
) -> None:
    write_shapes(tmp_path)
    torch.save(fill({**shapes(False, classes=2), **change}), tmp_path / "weights.pth")
    failed = train(tmp_path, {**QUICK, "start-from": tmp_path / "weights.pth"}, status=1)
    assert re.search(reason, failed.errors)
    assert "Traceback" not in failed.errors


def test_a_name_is_looked_up_in_the_channel_of_weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "resnet18.pth").touch()
    monkeypatch.setenv("SM_CHANNEL_WEIGHTS", str(tmp_path))
    assert parse_arguments([*FOLDERS, "--start-from=resnet18.pth"]).start_from == tmp_path / "resnet18.pth"
    assert parse_arguments([*FOLDERS, "--start-from=other.pth"]).start_from == Path("other.pth")
    assert parse_arguments(FOLDERS).start_from is None
