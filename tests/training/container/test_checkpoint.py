"""The state of a training is saved and restored."""

import math
from pathlib import Path

import pytest
import torch
from torch.optim.swa_utils import AveragedModel

from checkpoint import State, UnusableCheckpoint
from resnet import ResNet


def new_state(seed: int) -> State:
    torch.manual_seed(seed)
    network = ResNet(7, depth=10, width=2)
    optimizer = torch.optim.SGD(network.parameters(), lr=0.1)
    schedule = torch.optim.lr_scheduler.StepLR(optimizer, 1)
    return State(network, AveragedModel(network), optimizer, schedule)


def test_a_restored_state_equals_the_saved_one(tmp_path: Path) -> None:
    saved, restored = new_state(0), new_state(1)
    saved.epoch, saved.history, saved.best_score, saved.stale = 1, [{"epoch": 1, "seconds": 0.5}], 0.6, 2
    saved.save(tmp_path / "state.pt", {"epochs": 3}, "faces")
    more_epochs = restored.restore(tmp_path / "state.pt", {"epochs": 3}, "faces", torch.device("cpu"))
    assert not more_epochs
    assert (restored.epoch, restored.history) == (1, [{"epoch": 1, "seconds": 0.5}])
    assert (restored.best_score, restored.stale) == (0.6, 2)
    weights = zip(saved.network.parameters(), restored.network.parameters(), strict=True)
    assert all(torch.equal(a, b) for a, b in weights)


@pytest.mark.parametrize(
    ("hyperparameters", "data", "what"),
    [
        ({"epochs": 3, "width": 16}, "faces", "other hyperparameters"),
        ({"epochs": 2, "width": 8}, "faces", "other hyperparameters"),
        ({"epochs": 4, "width": 16}, "faces", "other hyperparameters"),
        ({"epochs": 3, "width": 8}, "other faces", "other data"),
    ],
)
def test_the_checkpoint_of_another_training_is_an_error_that_says_what_to_do(
    hyperparameters: dict[str, int], data: str, what: str, tmp_path: Path
) -> None:
    state = new_state(0)
    state.save(tmp_path / "state.pt", {"epochs": 3, "width": 8}, "faces")
    with pytest.raises(UnusableCheckpoint, match=f"{what}: delete it, or choose another folder with --checkpoints"):
        state.restore(tmp_path / "state.pt", hyperparameters, data, torch.device("cpu"))


def test_a_training_can_continue_for_more_epochs_and_its_patience_begins_again(tmp_path: Path) -> None:
    saved, restored = new_state(0), new_state(1)
    saved.stale = 2
    saved.save(tmp_path / "state.pt", {"epochs": 3, "width": 8}, "faces")
    assert restored.restore(tmp_path / "state.pt", {"epochs": 5, "width": 8}, "faces", torch.device("cpu"))
    assert restored.stale == 0


@pytest.mark.parametrize("content", [b"", b"no archive", None], ids=["empty", "no archive", "cut"])
def test_a_damaged_checkpoint_is_an_error_that_says_what_to_do(content: bytes | None, tmp_path: Path) -> None:
    path = tmp_path / "state.pt"
    new_state(0).save(path, {"epochs": 3}, "faces")
    path.write_bytes(path.read_bytes()[:1000] if content is None else content)
    with pytest.raises(UnusableCheckpoint, match=r"state.pt is damaged: delete it"):
        new_state(0).restore(path, {"epochs": 3}, "faces", torch.device("cpu"))


def test_epochs_without_a_better_score_are_counted() -> None:
    state = new_state(0)
    counted = []
    for score in (0.5, 0.5, 0.4, 0.6, math.nan, -math.inf):
        state.keep_score(score)
        counted.append(state.stale)
    assert counted == [0, 1, 2, 0, 1, 2]
    assert state.best_score == 0.6
