"""The history of a job is drawn, as far as its log has it."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from training.jobs.history_plot import save_history
from training.jobs.job import TrainingJob

OURS = {
    "learning_rate": 0.1,
    **{f"{channel}_{name}": 0.5 for channel in ("train", "validation") for name in ("loss", "accuracy")},
    "validation_balanced_accuracy": 0.4,
}


def orange(picture: np.ndarray) -> np.ndarray:
    """Where the picture is orange, also at the edge of a thin line. bool [height, width]."""
    red, blue = picture[..., 0].astype(int), picture[..., 2].astype(int)
    return red - blue > 60


def drawn(metrics: dict[str, float], path: Path, **hyperparameters: str) -> np.ndarray:
    job = TrainingJob("job", "Completed", hyperparameters, dict.fromkeys((1, 2, 3), metrics))
    assert save_history(job, path)
    return np.asarray(Image.open(path).convert("RGB"))


def test_the_chosen_epoch_is_marked_in_each_panel(tmp_path: Path) -> None:
    ours = drawn(OURS, tmp_path / "ours.png")
    built_in = drawn({"train_accuracy": 0.5, "validation_accuracy": 0.4}, tmp_path / "built-in.png")
    # Loss, accuracy and learning rate, instead of accuracy alone.
    assert ours.shape[0] > 2 * built_in.shape[0]
    height = ours.shape[0]
    assert all(orange(ours[part]).any() for part in (slice(height // 3), slice(height * 3 // 4, height)))


@pytest.mark.parametrize("best_by", ["loss", "balanced_accuracy"])
def test_a_job_whose_model_is_best_by_another_measure_is_drawn_too(best_by: str, tmp_path: Path) -> None:
    assert orange(drawn(OURS, tmp_path / "job.png", **{"best-by": best_by})).any()


def test_a_job_without_epochs_has_no_picture(tmp_path: Path) -> None:
    assert not save_history(TrainingJob("job", "Failed", {}), tmp_path / "job.png")
    assert list(tmp_path.iterdir()) == []
