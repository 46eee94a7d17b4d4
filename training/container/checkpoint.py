"""The state of a training between two epochs: saved after each epoch, restored by an interrupted training."""

import argparse
import math
import pickle
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import nn
from torch.optim.swa_utils import AveragedModel

Hyperparameters = dict[str, Any]
# Options that are kept only where the first of them is used. Otherwise no training could continue from a checkpoint of
# an earlier version, which lacks them.
OPTIONAL = (("soft_labels", "soft_temperature"), ("standardize",))


class UnusableCheckpoint(Exception):
    """The checkpoint is damaged, or of a training with other hyperparameters or data. Use another folder."""


def hyperparameters_of(options: argparse.Namespace) -> Hyperparameters:
    """All options of a training but its folders."""
    unused = [name for names in OPTIONAL if not getattr(options, names[0]) for name in names]
    values = vars(options).items()
    return {name: value for name, value in values if name not in unused and not isinstance(value, Path | None)}


@dataclass
class State:
    """Everything that changes while a network learns.

    average: the moving average of the network's weights.
    epoch: how many epochs have ended.
    history: one row per epoch that has ended.
    best_score: of the best model so far, as validation.Validated.score.
    stale: how many epochs have ended since the one that gave it. --patience limits them.
    """

    network: nn.Module
    average: AveragedModel
    optimizer: torch.optim.Optimizer
    schedule: torch.optim.lr_scheduler.LRScheduler
    epoch: int = 0
    history: list[dict[str, float]] = field(default_factory=list)
    best_score: float = -math.inf
    stale: int = 0

    def keep_score(self, score: float) -> None:
        """Counts an epoch that has ended, and remembers its score if it is the best. Not-a-number is never the best."""
        self.stale = 0 if score > self.best_score else self.stale + 1
        self.best_score = max(self.best_score, score) if score == score else self.best_score

    def save(self, path: Path, hyperparameters: Hyperparameters, data: str) -> None:
        """Writes the state. The file at `path` is complete at any moment, even if this call is interrupted.

        data: a digest of the faces and classes.
        """
        saved = {
            "epoch": self.epoch,
            "parts": [part.state_dict() for part in self.parts()],
            "history": self.history,
            "best": self.best_score,
            "stale": self.stale,
            "hyperparameters": hyperparameters,
            "data": data,
        }
        unfinished = path.with_suffix(".new")
        torch.save(saved, unfinished)
        unfinished.replace(path)

    def restore(self, path: Path, hyperparameters: Hyperparameters, data: str, device: torch.device) -> bool:
        """Continues from a saved state. Raises UnusableCheckpoint.

        Returns whether `hyperparameters` have more epochs than the saved training. Its schedule ends with its last
        epoch, so the caller replaces it.
        """
        advice = "delete it, or choose another folder with --checkpoints"
        try:
            saved = torch.load(path, weights_only=True, map_location=device)
            known, digest = saved["hyperparameters"], saved["data"]
            more_epochs = int(hyperparameters["epochs"]) > int(known["epochs"])
            if more_epochs:
                hyperparameters = {**hyperparameters, "epochs": known["epochs"]}
            for name, found, expected in (
                ("hyperparameters", known, hyperparameters),
                ("data", digest, data),
            ):
                if found != expected:
                    raise UnusableCheckpoint(f"{path} belongs to a training with other {name}: {advice}")
            for part, state in zip(self.parts(), saved["parts"], strict=True):
                part.load_state_dict(state)
            self.epoch, self.history = saved["epoch"], saved["history"]
            self.best_score = saved["best"]
            # The new epochs have a cycle of the learning rate of their own, which first makes the network worse.
            self.stale = 0 if more_epochs else saved["stale"]
        except torch.OutOfMemoryError:
            raise
        except (RuntimeError, pickle.UnpicklingError, EOFError, LookupError, TypeError, ValueError, OSError):
            raise UnusableCheckpoint(f"{path} is damaged: {advice}") from None
        return more_epochs

    def parts(self) -> tuple[Any, ...]:
        return self.network, self.average, self.optimizer, self.schedule
