"""A recipe is trained with several seeds, one after the other, and the results are compared."""

import io
import json
from pathlib import Path

import pytest
from rich.console import Console

from tests.training.small_recipe import small_recipe
from training.jobs import display
from training.jobs.group import Group, Outcome, best_outcome, outcome_of, read_group, spread
from training.jobs.job import TrainingJob
from training.jobs.local_record import read_local_job
from training.jobs.seeds import outcome_table, run_group


def outcome(seed: int, accuracy: float, balanced: float) -> Outcome:
    measures = {"validation_accuracy": accuracy, "validation_balanced_accuracy": balanced, "validation_loss": 1.0}
    found = outcome_of(TrainingJob(f"job-{seed}", "Completed", {"seed": str(seed)}, {3: measures}))
    assert found
    return found


def test_the_table_shows_each_seed_and_their_mean_and_spread() -> None:
    outcomes = [outcome(4, 0.6, 0.5), outcome(5, 0.7, 0.5), outcome(6, 0.8, 0.8)]
    console = Console(width=80, record=True, file=io.StringIO())
    console.print(outcome_table(outcomes))
    lines = [line.split() for line in console.export_text().splitlines()]
    assert ["5", "3", "0.7000", "0.5000"] in lines
    assert ["mean", "0.7000", "0.6000"] in lines
    assert ["standard", "deviation", "0.1000", "0.1732"] in lines
    assert ["range", "0.6000", "to", "0.8000", "0.5000", "to", "0.8000"] in lines
    assert best_outcome(outcomes).job.name == "job-6"


def test_the_best_epoch_is_the_one_whose_model_was_kept() -> None:
    epochs = {
        1: {"validation_accuracy": 0.5, "validation_loss": 1.0},
        2: {"validation_accuracy": 0.4, "validation_loss": 0.9},
    }
    for measure, best in (("accuracy", 1), ("loss", 2)):
        found = outcome_of(TrainingJob("job", "Completed", {"best-by": measure}, epochs))
        assert found
        assert found.epoch == best
    assert outcome_of(TrainingJob("job", "Failed", {}, {})) is None


def test_the_spread_is_that_of_a_sample() -> None:
    result = spread([1.0, 2.0, 3.0])
    assert (result.mean, result.deviation, result.low, result.high) == (2.0, 1.0, 1.0, 3.0)


def test_a_group_that_was_interrupted_runs_what_is_missing(
    prepared_data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = tmp_path / "group"
    root.mkdir()
    group = Group(root, small_recipe(epochs=2, seed=4), prepared_data, 2)
    group.write()
    first, second = (folder for _, folder in group.jobs())
    assert (first.name, second.name) == ("group-seed-4", "group-seed-5")
    display.show_local_job(group.jobs()[0][0], prepared_data, first)
    completed = (first / "job.json").read_bytes()

    run_group(read_group(root))
    assert (first / "job.json").read_bytes() == completed
    assert [read_local_job(folder).status for folder in (first, second)] == ["Completed", "Completed"]
    assert json.loads((second / "job.json").read_text())["recipe"]["hyperparameters"]["seed"] == 5
    printed = " ".join(capsys.readouterr().out.split())
    assert "group-seed-4 has completed already" in printed
    assert "standard deviation" in printed
    assert "best: group-seed-" in printed
