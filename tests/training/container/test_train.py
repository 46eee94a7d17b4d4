"""train.py as a process, on small data: what it reports, which model it keeps, and when it stops."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.training.drawn_shapes import QUICK, train, write_shapes

COLUMNS = [
    *("epoch", "learning_rate", "train_loss", "train_accuracy", "train_balanced_accuracy", "optimised_loss"),
    *("validation_loss", "validation_accuracy", "validation_balanced_accuracy"),
    *("averaged_accuracy", "last_accuracy", "seconds"),
]
# The network does not change, so no epoch is better than another one once the statistics of its batches have settled.
STANDSTILL = {**QUICK, "epochs": 40, "learning-rate": 1e-9, "patience": 2, "augment": "none", "dropout": 0}


def chosen_epoch(folder: Path) -> int:
    return int(json.loads((folder / "model.json").read_text())["training"]["epoch"])


@pytest.mark.parametrize(
    ("best_by", "column"), [("loss", "validation_loss"), ("balanced_accuracy", "validation_balanced_accuracy")]
)
def test_the_model_is_the_best_by_the_measure_that_was_chosen(best_by: str, column: str, tmp_path: Path) -> None:
    write_shapes(tmp_path, train=48, validation=24)
    trained = train(tmp_path, {**QUICK, "epochs": 5, "best-by": best_by, "learning-rate": 0.02})
    history = trained.history
    assert list(history[0]) == COLUMNS
    best = (min if best_by == "loss" else max)(row[column] for row in history)
    assert history[chosen_epoch(trained.folder) - 1][column] == best


def test_losses_of_both_kinds_of_images_compare_whatever_is_optimised(tmp_path: Path) -> None:
    """Both are near ln 3 for a network that has not learned, and the optimised loss, which has votes, is not."""
    write_shapes(tmp_path)
    for channel in ("train", "validation"):
        with np.load(tmp_path / channel / "faces.npz") as arrays:
            votes = np.ones((len(arrays["labels"]), 10), np.uint8)
            np.savez(tmp_path / channel / "faces.npz", **arrays, votes=votes)
    [row] = train(tmp_path, {**QUICK, "epochs": 1, "learning-rate": 1e-9, "votes": 5, "label-smoothing": 0.5}).history
    assert row["train_loss"] < 3
    assert row["validation_loss"] < 3
    assert row["optimised_loss"] > 8


def test_a_training_stops_when_it_gets_no_better_and_stays_so_until_it_has_more_epochs(tmp_path: Path) -> None:
    write_shapes(tmp_path)
    stopped = train(tmp_path, STANDSTILL)
    epochs = len(stopped.history)
    assert epochs < 40
    assert f"stopped after epoch {epochs}: no better model in 2 epochs" in stopped.printed
    again = train(tmp_path, STANDSTILL)
    assert "stopped after epoch" in again.printed
    assert len(again.history) == epochs
    continued = train(tmp_path, {**STANDSTILL, "epochs": 41})
    assert len(continued.history) > epochs


def test_several_processes_stop_together_and_count_all_images(tmp_path: Path) -> None:
    write_shapes(tmp_path)
    stopped = train(tmp_path, {**STANDSTILL, "class-weights": "balanced", "batch-size": 24}, processes=2)
    assert stopped.printed.count("stopped after epoch") == 1
    # With 24 images, the share of a process alone would be a multiple of 1/12.
    shares = {round(row["train_accuracy"] * 24, 2) for row in stopped.history}
    assert all(abs(share - round(share)) < 0.02 for share in shares)


def test_several_processes_end_with_one_sentence_if_no_epoch_had_a_model(tmp_path: Path) -> None:
    write_shapes(tmp_path)
    failed = train(tmp_path, {**QUICK, "learning-rate": 1e30}, status=1, processes=2)
    assert failed.errors.count("no epoch has ended with a model that can be served") == 1
    assert not any(word in failed.errors for word in ("terminate called", "SIGABRT", "exitcode  : -6"))


def test_a_rare_class_is_learned_with_the_balanced_sampler(tmp_path: Path) -> None:
    write_shapes(tmp_path, train=48)
    path = tmp_path / "train" / "faces.npz"
    with np.load(path) as arrays:
        kept = np.flatnonzero((arrays["labels"] != 2) | (np.arange(48) < 6))
        np.savez(path, images=arrays["images"][kept], labels=arrays["labels"][kept], classes=arrays["classes"])
    trained = train(tmp_path, {**QUICK, "sampler": "balanced"})
    assert (
        json.loads((trained.folder / "model.json").read_text())["training"]["hyperparameters"]["sampler"] == "balanced"
    )


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"sampler": "balanced", "class-weights": "balanced"}, "would count rare classes twice: choose one of them"),
        ({"best-by": "recall"}, "argument --best-by: invalid choice: 'recall'"),
        ({"patience": -1}, "argument --patience: -1 is less than 0"),
        ({"batch-size": 1000}, "--batch-size 1000 is more than the 24 images of"),
        ({"learning-rate": 1e30}, "no epoch has ended with a model that can be served"),
    ],
)
def test_a_training_that_cannot_work_ends_with_a_sentence(
    options: dict[str, Any], sentence: str, tmp_path: Path
) -> None:
    write_shapes(tmp_path)
    failed = train(tmp_path, {**QUICK, **options}, status=1)
    assert sentence in failed.errors
    assert "Traceback" not in failed.errors
