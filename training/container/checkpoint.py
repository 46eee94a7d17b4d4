"""The state of a training between two epochs: saved after each epoch, restored by an interrupted training."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch.optim.swa_utils import AveragedModel

from resnet import ResNet

Hyperparameters = dict[str, Any]


class OtherTraining(Exception):
    """The checkpoint belongs to a training with other hyperparameters, faces or classes. Use another folder."""


@dataclass
class State:
    """Everything that changes while a network learns.

    average: the moving average of the network's weights.
    epoch: how many epochs have ended.
    history: one row per epoch that has ended.
    best_accuracy: highest validation accuracy so far, from 0 to 1.
    """

    network: ResNet
    average: AveragedModel
    optimizer: torch.optim.Optimizer
    schedule: torch.optim.lr_scheduler.LRScheduler
    epoch: int = 0
    history: list[dict[str, float]] = field(default_factory=list)
    best_accuracy: float = 0.0

    def save(self, path: Path, hyperparameters: Hyperparameters, data: str) -> None:
        """Writes the state. The file at `path` is complete at any moment, even if this call is interrupted.

        data: a digest of the faces and classes.
        """
        saved = {
            "epoch": self.epoch,
            "parts": [part.state_dict() for part in self.parts()],
            "history": self.history,
            "best": self.best_accuracy,
            "hyperparameters": hyperparameters,
            "data": data,
        }
        unfinished = path.with_suffix(".new")
        torch.save(saved, unfinished)
        unfinished.replace(path)

    def restore(self, path: Path, hyperparameters: Hyperparameters, data: str, device: torch.device) -> bool:
        """Continues from a saved state. Raises OtherTraining if it was saved with other hyperparameters or data.

        Returns whether `hyperparameters` have more epochs than the saved training. Its schedule ends with its last
        epoch, so the caller replaces it.
        """
        saved = torch.load(path, weights_only=True, map_location=device)
        more_epochs = int(hyperparameters["epochs"]) > int(saved["hyperparameters"]["epochs"])
        if more_epochs:
            hyperparameters = {**hyperparameters, "epochs": saved["hyperparameters"]["epochs"]}
        for name, value in (("hyperparameters", hyperparameters), ("data", data)):
            if saved[name] != value:
                raise OtherTraining(
                    f"{path} belongs to a training with other {name}: delete it, or choose another folder with "
                    "--checkpoints"
                )
        for part, state in zip(self.parts(), saved["parts"], strict=True):
            part.load_state_dict(state)
        self.epoch, self.history, self.best_accuracy = saved["epoch"], saved["history"], saved["best"]
        return more_epochs

    def parts(self) -> tuple[Any, ...]:
        return self.network, self.average, self.optimizer, self.schedule
