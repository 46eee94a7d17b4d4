"""`python -m training soft-labels`: teachers label the training images."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from typer.testing import CliRunner

import weights
from artifact import write
from faces import read
from resnet import Classifier, ResNet
from soft_labels import read as read_soft_labels
from tests.training.evaluation.tiny_models import write_model
from tests.training.small_recipe import small_recipe
from training.__main__ import app
from training.data.labelled_images import LabelledImages
from training.data.writers import write_arrays
from training.distillation.copies import copy_in_parts
from training.distillation.graphics_card import NoGpu, load_on_gpu
from training.distillation.teachers import load_teacher
from training.evaluation.measure import load_model, probabilities
from training.jobs.group import Group

LEVELS = {"dark": 40, "gray": 128, "bright": 215}
OTHER_LEVELS = {"bright": 240, "gray": 100, "dark": 10}


def images(count: int, seed: int, size: int = 48) -> LabelledImages:
    """Noise around the gray level of each class, in turn."""
    random = np.random.default_rng(seed)
    labels = np.arange(count) % len(LEVELS)
    levels = np.array(list(LEVELS.values()))[labels].reshape(-1, 1, 1)
    return LabelledImages(
        (random.integers(-30, 30, (count, size, size)) + levels).astype(np.uint8), labels, list(LEVELS)
    )


@pytest.fixture
def data(tmp_path: Path) -> Path:
    write_arrays(images(30, seed=1), tmp_path / "data" / "train")
    write_arrays(images(12, seed=2), tmp_path / "data" / "validation")
    return tmp_path / "data"


def soft_labels(*arguments: object) -> str:
    """Returns what the command prints, without the breaks of lines. Its errors are raised."""
    result = CliRunner().invoke(app, ["soft-labels", *map(str, arguments)], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return " ".join(result.output.split())


def stored(data: Path) -> np.ndarray:
    """The soft labels as train.py reads them, float32 [n, classes]."""
    return np.asarray(read_soft_labels(data / "train", read(data / "train"), temperature=1).targets)


def description(data: Path) -> dict[str, Any]:
    return read_soft_labels(data / "train", read(data / "train"), temperature=1).description


def answers_of(model: Path, data: Path) -> np.ndarray:
    """A model's own answers for the training images, with its outputs in the order of LEVELS."""
    loaded = load_model(model)
    order = [loaded.contract.labels.index(name) for name in LEVELS]
    return probabilities(read(data / "train").images.numpy(), loaded)[:, order]


def test_the_answers_of_all_teachers_are_averaged_whatever_the_order_of_their_outputs(
    data: Path, tmp_path: Path
) -> None:
    models = write_model(tmp_path / "a", LEVELS), write_model(tmp_path / "b", OTHER_LEVELS)
    printed = soft_labels(data, *models, "--copies", 0)
    expected = sum(answers_of(model, data) for model in models) / 2
    assert np.allclose(stored(data), expected, atol=2e-3)
    assert "average of all 1.0000 1.0000" in printed
    assert f"written to {data}/train/soft_labels.npz" in printed
    found = description(data)
    assert [teacher["version"] for teacher in found["teachers"]] == ["tiny", "tiny"]
    assert found["average"]["accuracy"] == found["average"]["agreement"] == 1
    assert (found["copies"], found["seed"]) == (0, 0)


def test_a_group_of_seeds_names_all_its_jobs(data: Path, tmp_path: Path) -> None:
    group = Group(tmp_path / "group", small_recipe(seed=3), data, seeds=2)
    group.root.mkdir()
    group.write()
    for (_, root), levels in zip(group.jobs(), (LEVELS, OTHER_LEVELS), strict=True):
        write_model(root / "model", levels)
    soft_labels(data, group.root, "--copies", 0)
    assert [teacher["name"] for teacher in description(data)["teachers"]] == ["group-seed-3", "group-seed-4"]


def test_the_figures_are_those_of_the_held_out_images_and_agreement_that_of_the_training_images(
    data: Path, tmp_path: Path
) -> None:
    """Two thirds of the held-out labels are wrong, and all training labels."""
    training, held_out = images(30, seed=1), images(12, seed=2)
    held_out.labels[:8] = (held_out.labels[:8] + 1) % 3
    training.labels[:] = (training.labels + 1) % 3
    write_arrays(training, data / "train")
    write_arrays(held_out, data / "validation")
    soft_labels(data, write_model(tmp_path / "a", LEVELS), "--copies", 0)
    [teacher] = description(data)["teachers"]
    assert teacher["accuracy"] == teacher["one_pass_accuracy"] == 0.3333
    assert teacher["agreement"] == 0
    assert teacher["calibration_error"] > 0.5


def test_copies_are_the_same_for_the_same_seed_and_keep_what_the_image_shows() -> None:
    faces = images(300, seed=3).images
    first, again, other = (
        np.concatenate(list(copy_in_parts(faces, seed, number))) for seed, number in ((5, 1), (5, 1), (5, 2))
    )
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)
    assert np.array_equal(np.concatenate(list(copy_in_parts(faces, 5, 0))), faces)
    changed = np.abs(first.mean((1, 2)) - faces.mean((1, 2)))
    assert 0 < changed.mean() < 12
    color = np.stack([faces] * 3, axis=3)
    assert next(copy_in_parts(color, 5, 1)).shape == (256, 48, 48, 3)


def test_copies_and_seed_change_the_labels_a_little(data: Path, tmp_path: Path) -> None:
    model = write_model(tmp_path / "a", {"dark": 40, "gray": 80, "bright": 215})
    found = []
    for options in ((0, 0), (3, 0), (3, 0), (3, 1)):
        soft_labels(data, model, "--copies", options[0], "--seed", options[1])
        found.append(stored(data))
    assert np.array_equal(found[1], found[2])
    assert not np.array_equal(found[1], found[0])
    assert not np.array_equal(found[1], found[3])
    assert np.abs(found[1] - found[0]).mean() < 0.1


def test_a_second_run_computes_only_what_is_missing(data: Path, tmp_path: Path) -> None:
    first, second = write_model(tmp_path / "a", LEVELS), write_model(tmp_path / "b", OTHER_LEVELS)
    soft_labels(data, first, "--copies", 1)
    kept = {path: path.stat().st_mtime_ns for path in (data / ".teachers").iterdir()}
    assert len(kept) == 3
    soft_labels(data, first, second, "--copies", 2)
    after = {path: path.stat().st_mtime_ns for path in (data / ".teachers").iterdir()}
    assert len(after) == 8
    assert kept.items() <= after.items()
    # Answers for other images are never taken for these.
    write_arrays(images(30, seed=9), data / "train")
    soft_labels(data, first, "--copies", 0)
    assert np.allclose(stored(data), answers_of(first, data), atol=2e-3)


def test_teachers_that_cannot_label_these_images_are_refused_before_anything_is_computed(
    data: Path, tmp_path: Path
) -> None:
    model = write_model(tmp_path / "a", LEVELS)
    others = write_model(tmp_path / "others", {"red": 1, "green": 2})
    larger = write_model(tmp_path / "larger", LEVELS, size=64)
    for words, sentence in (
        ([model, others], "has other classes than"),
        ([larger], "has gray images of 48 pixels, and the model reads gray ones of 64"),
        ([model, model], "a model is named twice"),
        ([tmp_path / "nothing"], "there is no file or folder"),
    ):
        with pytest.raises(ValueError, match=sentence):
            soft_labels(data, *words)
    assert not (data / ".teachers").exists()
    assert not (data / "train" / "soft_labels.npz").exists()


def test_the_output_says_if_a_teacher_may_have_seen_the_held_out_images(data: Path, tmp_path: Path) -> None:
    digests = {name: read(data / name).sha256 for name in ("train", "validation")}
    for name, more, sentence in (
        ("unknown", {}, "has a model.json that does not say on which images it was trained"),
        ("other", {"training": {"faces_sha256": "0" * 64}}, "was trained on other images than those of"),
        ("cheat", {"training": {"faces_sha256": digests["validation"]}}, "was trained on the validation images of"),
        ("good", {"training": {"faces_sha256": digests["train"]}}, ""),
        ("part", {"data": {"sha256": {"train": "0" * 64, "validation": digests["validation"]}}}, ""),
    ):
        printed = soft_labels(data, write_model(tmp_path / name, LEVELS, **more), "--copies", 0)
        assert sentence in printed
        assert ("are too high" in printed) == bool(sentence)


def write_teacher(folder: Path, flip: bool, standardize: bool = False) -> Path:
    """A network with random weights, exported as train.py exports one, with its model.pt."""
    torch.manual_seed(0)
    network = ResNet(3, depth=10, width=4, standardize=standardize)
    model = Classifier(network, [100.0], [50.0], flip, 0.3, 0.1).eval()
    training = {"hyperparameters": {"flip": int(flip)}}
    kind: dict[str, Any] = {"size": 48, "color": "gray", "faces": "whole", "data": None}
    write(model, folder, list(LEVELS), **kind, description={"training": training})
    details = {"classes": list(LEVELS), "stem_stride": 2, "normalisation": ([100.0], [50.0])}
    details["standardize"] = standardize
    weights.save(folder / "model.pt", network, details)
    return folder


# PyTorch warns that this exporter, which writes smaller files, is not its default any more.
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_each_image_is_labelled_with_its_mirror_image_once(data: Path, tmp_path: Path) -> None:
    channels = {"train": images(30, seed=1), "validation": images(12, seed=2)}
    plain, flips = (
        load_teacher(write_teacher(tmp_path / str(flip), flip), "teacher", channels, data) for flip in (False, True)
    )
    faces = channels["train"].images
    answers = plain.probabilities(faces)
    assert answers.shape == (2, 30, 3)
    assert not np.allclose(answers[0], answers[1], atol=1e-4)
    assert np.allclose(answers[1], plain.probabilities(faces[:, :, ::-1])[0], atol=1e-6)
    assert flips.probabilities(faces).shape == (1, 30, 3)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_teacher_gives_the_same_probabilities_through_pytorch(tmp_path: Path) -> None:
    """As on a GPU, which is a processor here."""
    faces = images(12, seed=2).images
    for flip in (False, True):
        folder = write_teacher(tmp_path / str(flip), flip, standardize=flip)
        model = load_model(folder)
        run = load_on_gpu(folder, model, faces, device="cpu")
        assert np.allclose(run(faces), probabilities(faces, model), atol=1e-5)
    document = json.loads((folder / "model.json").read_text())
    document["calibration"]["temperature"] = 3.0
    (folder / "model.json").write_text(json.dumps(document))
    with pytest.raises(NoGpu, match=r"model\.pt gives other probabilities than the model's file"):
        load_on_gpu(folder, load_model(folder), faces, device="cpu")
    (folder / "model.pt").unlink()
    with pytest.raises(NoGpu, match=r"there is no model\.pt beside its file"):
        load_on_gpu(folder, load_model(folder), faces, device="cpu")
