"""Jobs of one recipe that differ in their seed only, and how much their results differ.

A group is a folder with group.json. Its jobs are beside it: the job of seed 4 of build/jobs/GROUP is
build/jobs/GROUP-seed-4, a job as any other.
"""

import dataclasses
import json
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from training.jobs.job import TrainingJob
from training.jobs.metrics import best_epoch
from training.jobs.recipe import Recipe, recipe_from_record

RECORD = "group.json"


@dataclass(frozen=True)
class Group:
    """A recipe that is trained with several seeds.

    root: the folder of the group.
    data: the folder that `prepare` wrote.
    seeds: how many jobs there are. The first has the recipe's own seed, and each other one the next.
    """

    root: Path
    recipe: Recipe
    data: Path
    seeds: int

    def jobs(self) -> list[tuple[Recipe, Path]]:
        """Returns the recipe and the folder of each job. A job that has not started has no folder yet."""
        first = int(self.recipe.hyperparameters.get("seed", 0))
        return [
            (
                dataclasses.replace(self.recipe, hyperparameters={**self.recipe.hyperparameters, "seed": seed}),
                self.root.with_name(f"{self.root.name}-seed-{seed}"),
            )
            for seed in range(first, first + self.seeds)
        ]

    def write(self) -> None:
        content = {"recipe": dataclasses.asdict(self.recipe), "data": str(self.data.resolve()), "seeds": self.seeds}
        (self.root / RECORD).write_text(json.dumps(content, indent=2) + "\n")


def is_group(root: Path) -> bool:
    return (root / RECORD).exists()


def read_group(root: Path) -> Group:
    """Reads the group of a folder. Raises ValueError if its record is of another version."""
    content = json.loads((root / RECORD).read_text())
    return Group(
        root, recipe_from_record(content["recipe"], str(root / RECORD)), Path(content["data"]), content["seeds"]
    )


@dataclass(frozen=True)
class Outcome:
    """What a job has reached: its best epoch, by the measure that chose its model.

    measures: by the measure's name, such as validation_accuracy; from 0 to 1, or a loss.
    """

    job: TrainingJob
    epoch: int
    measures: dict[str, float]


def outcome_of(job: TrainingJob) -> Outcome | None:
    """Returns what the job has reached; None if no epoch has ended."""
    best = best_epoch(job.epochs, job.best_by)
    return Outcome(job, best[0], job.epochs[best[0]]) if best else None


@dataclass(frozen=True)
class Spread:
    """Mean, standard deviation (of a sample), and range of the results of several jobs."""

    mean: float
    deviation: float
    low: float
    high: float


def spread(values: Sequence[float]) -> Spread:
    """Returns the spread of at least two values."""
    return Spread(statistics.fmean(values), statistics.stdev(values), min(values), max(values))


def best_outcome(outcomes: Sequence[Outcome]) -> Outcome:
    """Returns the outcome of the best job, by the measure that chose the models. The first of equals is returned."""
    measure = f"validation_{outcomes[0].job.best_by}"
    sign = -1 if measure.endswith("loss") else 1
    return max(outcomes, key=lambda outcome: sign * outcome.measures[measure])
