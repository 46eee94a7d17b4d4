"""A network learns the probabilities of teachers, alone or beside the labels."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import inference
import soft_labels
from arguments import parse_arguments
from faces import Channel, InvalidData, read
from losses import smoothing_of, soft_loss
from tests.training.drawn_shapes import CLASSES, QUICK, train, write_shapes

UNIFORM = np.full((24, 3), 1 / 3)
LEARNS = {**QUICK, "epochs": 25, "learning-rate": 0.05, "averaging": 0, "augment": "mirror", "dropout": 0}


def write_soft(root: Path, probabilities: np.ndarray, classes: tuple[str, ...] = CLASSES, digest: str = "") -> Channel:
    """Writes soft labels for the training images below a folder, and returns these images."""
    channel = read(root / "train")
    description = {"faces_sha256": digest or channel.sha256, "seed": 7}
    soft_labels.write(root / "train", probabilities, list(classes), description)
    return channel


def set_labels(path: Path, labels: np.ndarray) -> None:
    with np.load(path) as arrays:
        np.savez(path, images=arrays["images"], labels=labels, classes=arrays["classes"])


def probabilities_of(model: Path, images: np.ndarray) -> np.ndarray:
    """What the exported model answers, float32 [n, classes]."""
    return np.asarray(inference.probabilities(images, inference.model_fn(str(model))))


def test_what_is_written_is_read_again_as_distributions(tmp_path: Path) -> None:
    write_shapes(tmp_path)
    random = np.random.default_rng(0).dirichlet([1, 1, 1], 24)
    channel = write_soft(tmp_path, random)
    found = soft_labels.read(tmp_path / "train", channel, temperature=1)
    assert np.allclose(found.targets, random, atol=1e-3)
    assert torch.allclose(found.targets.sum(1), torch.ones(24))
    assert found.description["seed"] == 7
    assert [path.name for path in sorted((tmp_path / "train").iterdir())] == ["faces.npz", "soft_labels.npz"]


def test_a_temperature_divides_the_logits() -> None:
    logits = torch.randn(5, 4, generator=torch.Generator().manual_seed(0))
    for temperature in (0.5, 1.0, 3.0):
        softened = soft_labels.soften(logits.softmax(1), temperature)
        assert torch.allclose(softened, (logits / temperature).softmax(1), atol=1e-6)


@pytest.mark.parametrize(
    ("probabilities", "options", "sentence"),
    [
        (
            UNIFORM,
            {"classes": ("circle", "triangle", "square")},
            "is for the classes circle, triangle, square",
        ),
        (UNIFORM[:20], {}, "has 20 rows, and there are 24 training images"),
        (UNIFORM, {"digest": "0" * 64}, "is for other training images, or for the same with other labels"),
        (UNIFORM * 2, {}, "has rows that are not 3 probabilities"),
        (UNIFORM * np.nan, {}, "has rows that are not 3 probabilities"),
        (UNIFORM[:, :2], {}, "has rows that are not 3 probabilities"),
    ],
)
def test_soft_labels_of_other_images_are_refused(
    probabilities: np.ndarray, options: dict[str, Any], sentence: str, tmp_path: Path
) -> None:
    write_shapes(tmp_path)
    channel = write_soft(tmp_path, probabilities, **options)
    with pytest.raises(InvalidData, match=sentence):
        soft_labels.read(tmp_path / "train", channel, temperature=1)


def test_a_training_without_its_soft_labels_ends_with_a_sentence(tmp_path: Path) -> None:
    write_shapes(tmp_path)
    missing = train(tmp_path, {**QUICK, "soft-labels": 1}, status=1)
    assert "soft_labels.npz is missing, which --soft-labels reads" in missing.errors
    (tmp_path / "train" / "soft_labels.npz").write_bytes(b"PK and nothing more")
    damaged = train(tmp_path, {**QUICK, "soft-labels": 1}, status=1)
    assert "soft_labels.npz is damaged, or has no soft labels" in damaged.errors
    assert "Traceback" not in missing.errors + damaged.errors


def test_a_student_agrees_with_its_teacher_and_not_with_wrong_labels(tmp_path: Path) -> None:
    """Half of the labels are wrong, and the teacher knows the right ones."""
    write_shapes(tmp_path, train=48)
    path = tmp_path / "train" / "faces.npz"
    with np.load(path) as arrays:
        images, right = arrays["images"], arrays["labels"]
    wrong = np.where(np.arange(48) % 2, (right + 1) % 3, right)
    set_labels(path, wrong)
    write_soft(tmp_path, np.eye(3)[right] * 0.9 + 0.1 / 3)
    student = train(tmp_path, {**LEARNS, "soft-labels": 0.9, "soft-temperature": 2})
    answers = probabilities_of(student.folder, images).argmax(1)
    agrees_with_teacher, agrees_with_labels = (answers == right).mean(), (answers == wrong).mean()
    assert agrees_with_teacher > agrees_with_labels + 0.2
    described = json.loads((student.folder / "model.json").read_text())
    assert described["training"]["soft_labels"]["seed"] == 7
    assert described["training"]["hyperparameters"]["soft_labels"] == 0.9


def test_a_student_learns_how_sure_its_teacher_is(tmp_path: Path) -> None:
    """The loss of one that learns distributions alone falls to their entropy. That of a guess is ln 3, 1.1."""
    write_shapes(tmp_path)
    write_soft(tmp_path, np.tile([0.6, 0.3, 0.1], (24, 1)))
    student = train(tmp_path, {**LEARNS, "soft-labels": 1, "best-by": "loss"})
    entropy = -np.sum(np.log([0.6, 0.3, 0.1]) * [0.6, 0.3, 0.1])
    assert student.history[-1]["optimised_loss"] == pytest.approx(entropy, abs=0.1)


def test_the_soft_loss_of_certain_teachers_is_the_loss_of_labels() -> None:
    generator = torch.Generator().manual_seed(0)
    logits, labels = torch.randn(8, 3, generator=generator), torch.arange(8) % 3
    weights = torch.tensor([0.5, 1.0, 3.0])
    certain = torch.eye(3)[labels]
    for chosen in (None, weights):
        expected = torch.nn.functional.cross_entropy(logits, labels, chosen)
        assert torch.allclose(soft_loss(logits, certain, 1.0, chosen), expected)


def test_a_temperature_leaves_the_gradients_as_large_as_they_were() -> None:
    logits = torch.zeros(1, 3, requires_grad=True)
    target = torch.tensor([[0.6, 0.3, 0.1]])
    sizes = []
    for temperature in (1.0, 4.0):
        softened = soft_labels.soften(target, temperature)
        [gradient] = torch.autograd.grad(soft_loss(logits, softened, temperature, None), logits)
        sizes.append(gradient.norm().item())
    assert 0.5 < sizes[1] / sizes[0] < 2


def test_only_the_share_of_the_labels_is_smoothed() -> None:
    folders = ["--train=a", "--validation=b", "--model-dir=c", "--label-smoothing=0.1"]
    assert smoothing_of(parse_arguments(folders)) == 0.1
    assert smoothing_of(parse_arguments([*folders, "--soft-labels=0.75"])) == pytest.approx(0.025)
    assert smoothing_of(parse_arguments([*folders, "--soft-labels=1"])) == 0


def test_a_training_continues_only_with_the_same_soft_labels(tmp_path: Path) -> None:
    write_shapes(tmp_path)
    write_soft(tmp_path, UNIFORM)
    options = {**QUICK, "epochs": 1, "soft-labels": 0.5}
    train(tmp_path, options)
    write_soft(tmp_path, np.tile([0.5, 0.25, 0.25], (24, 1)))
    refused = train(tmp_path, {**options, "epochs": 2}, status=1)
    assert "belongs to a training with other data" in refused.errors
    without = train(tmp_path, {**options, "epochs": 2, "soft-labels": 0}, status=1)
    assert "belongs to a training with other hyperparameters" in without.errors


def test_a_training_without_soft_labels_does_not_mention_them_and_ignores_the_file(tmp_path: Path) -> None:
    """A checkpoint of a version without them still fits."""
    write_shapes(tmp_path)
    before = train(tmp_path, {**QUICK, "epochs": 1})
    model, description = ((before.folder / name).read_bytes() for name in ("model.onnx", "model.json"))
    write_soft(tmp_path, UNIFORM)
    (tmp_path / "checkpoints").rename(tmp_path / "earlier")
    after = train(tmp_path, {**QUICK, "epochs": 1})
    assert (after.folder / "model.onnx").read_bytes() == model
    assert b"soft" not in description


def test_several_processes_learn_soft_labels(tmp_path: Path) -> None:
    write_shapes(tmp_path)
    write_soft(tmp_path, UNIFORM)
    options = {**QUICK, "soft-labels": 0.5, "soft-temperature": 2, "class-weights": "balanced"}
    assert len(train(tmp_path, options, processes=2).history) == 2


@pytest.mark.parametrize("value", ["1.1", "-0.1", "much"])
def test_a_weight_that_is_not_a_share_is_refused(value: str, tmp_path: Path) -> None:
    write_shapes(tmp_path)
    assert "argument --soft-labels: " in train(tmp_path, {**QUICK, "soft-labels": value}, status=1).errors
