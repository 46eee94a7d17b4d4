"""The training data is read, and data that can't be used is refused with a sentence."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from faces import Data, InvalidData, read_both
from resnet import Normalise
from tests.training.drawn_shapes import write_shapes


def replace(path: Path, **arrays: Any) -> None:
    """Writes an archive of arrays again, with some of them replaced, or left out if they are None."""
    with np.load(path) as found:
        content = {**found, **arrays}
    np.savez(path, **{name: array for name, array in content.items() if array is not None})


def read(root: Path) -> Data:
    return read_both(root / "train", root / "validation")


@pytest.mark.parametrize("color", ["gray", "rgb"])
def test_training_pixels_have_mean_0_and_deviation_1_in_each_channel_of_color(color: str, tmp_path: Path) -> None:
    write_shapes(tmp_path, color=color)
    data = read(tmp_path)
    pixels = Normalise(*data.normalisation)(data.train.images)
    assert pixels.shape == (24, 1 if color == "gray" else 3, 48, 48)
    assert torch.allclose(pixels.mean((0, 2, 3)), torch.zeros(pixels.shape[1]), atol=1e-5)
    assert torch.allclose(pixels.std((0, 2, 3)), torch.ones(pixels.shape[1]), atol=1e-5)


def test_images_that_are_all_of_one_gray_have_a_normalisation_too(tmp_path: Path) -> None:
    write_shapes(tmp_path)
    replace(tmp_path / "train" / "faces.npz", images=np.full((24, 48, 48), 7, np.uint8))
    assert read(tmp_path).normalisation == ([7.0], [1.0])


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        (
            {"images": np.zeros((24, 48, 48), np.float32)},
            r"images is float32 .*, not uint8 \[n, size, size\]",
        ),
        ({"images": np.zeros((24, 48, 40), np.uint8)}, r"images is uint8 \[24, 48, 40\]"),
        ({"images": np.zeros((24, 3, 48, 48), np.uint8)}, r"images is uint8 \[24, 3, 48, 48\]"),
        ({"labels": np.zeros(23, np.int64)}, "there are 24 images and 23 labels"),
        ({"labels": np.full(24, 3)}, "labels go from 3 to 3, and there are 3 classes"),
        ({"classes": np.array(["circle"])}, '"labels" has 1 names'),
        ({"classes": np.array(["circle", "a/b", "c"])}, "the label .*a/b.* can't be used"),
        ({"images": np.zeros((24, 8, 8), np.uint8)}, "images have 8 pixels per side, not 16 to 1,024"),
        ({"labels": None}, "faces.npz lacks an array: .*labels"),
        ({"labels": np.array([{}] * 24)}, "faces.npz is damaged, or no archive of arrays"),
    ],
)
def test_data_that_cannot_be_learned_is_refused(changes: dict[str, Any], reason: str, tmp_path: Path) -> None:
    write_shapes(tmp_path)
    replace(tmp_path / "train" / "faces.npz", **changes)
    with pytest.raises(InvalidData, match=reason) as refused:
        read(tmp_path)
    assert "repare" in str(refused.value)


def test_a_damaged_or_missing_file_is_refused(tmp_path: Path) -> None:
    write_shapes(tmp_path)
    path = tmp_path / "validation" / "faces.npz"
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(InvalidData, match=r"validation/faces.npz is damaged, or no archive of arrays"):
        read(tmp_path)
    path.unlink()
    with pytest.raises(InvalidData, match=r"validation/faces.npz is missing: create it with"):
        read(tmp_path)


def test_channels_of_different_sizes_colors_or_classes_are_refused(tmp_path: Path) -> None:
    write_shapes(tmp_path)
    write_shapes(tmp_path / "other", size=64, color="rgb")
    with pytest.raises(InvalidData, match=r"has gray images of 48 pixels, and .* has rgb ones of 64"):
        read_both(tmp_path / "train", tmp_path / "other" / "validation")
    replace(tmp_path / "validation" / "faces.npz", classes=np.array(["a", "b", "c"]))
    with pytest.raises(InvalidData, match="have different classes"):
        read(tmp_path)
