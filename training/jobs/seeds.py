"""What `launch --local --seeds N` does: it trains a recipe with several seeds, and shows how the results differ."""

from collections.abc import Sequence
from pathlib import Path

from rich.table import Table

from training.console import console
from training.jobs import display
from training.jobs.group import Group, Outcome, best_outcome, outcome_of, spread
from training.jobs.job import TrainingJob
from training.jobs.local_record import RECORD, read_local_job
from training.jobs.mlflow_log import logging_local_job
from training.jobs.recipe import Recipe

SHOWN = {"validation_accuracy": "validation accuracy", "validation_balanced_accuracy": "balanced accuracy"}


def run_job(recipe: Recipe, data: Path, root: Path, mlflow: str) -> TrainingJob:
    """Runs or resumes a job on this machine, and shows it. mlflow: where MLflow logs it, or an empty text."""
    with logging_local_job(mlflow, root, print_warning):
        return display.show_local_job(recipe, data, root)


def print_warning(text: str) -> None:
    console.print(text, style="yellow", highlight=False, soft_wrap=True, markup=False)


def run_group(group: Group, mlflow: str = "") -> None:
    """Runs those jobs of a group that have not completed, one after the other, and prints what all have reached.

    Raises ValueError if a job fails.
    """
    jobs = group.jobs()
    for number, (recipe, root) in enumerate(jobs, 1):
        console.print(f"seed {recipe.hyperparameters['seed']}, {number} of {len(jobs)}", style="bold", highlight=False)
        if (root / RECORD).exists() and read_local_job(root).status == "Completed":
            console.print(f"{root} has completed already", highlight=False, soft_wrap=True, markup=False)
            continue
        job = run_job(recipe, group.data, root, mlflow)
        if job.status == "Stopped":
            console.print(
                f"{number - 1} of {len(jobs)} seeds are done: continue with `python -m training launch --local "
                f"--resume {group.root.name}`",
                highlight=False,
                soft_wrap=True,
                markup=False,
            )
            return
    print_outcomes(group)


def print_outcomes(group: Group) -> None:
    """Prints what each seed has reached, their mean and spread, and which job is the best."""
    outcomes = [outcome for _, root in group.jobs() if (outcome := outcome_of(read_local_job(root)))]
    if len(outcomes) > 1:
        console.print(outcome_table(outcomes))
    if outcomes:
        best = best_outcome(outcomes)
        console.print(f"best: {best.job.name}", highlight=False, soft_wrap=True, markup=False)
        console.print(f"model: {best.job.artifact}", highlight=False, soft_wrap=True, markup=False)


def outcome_table(outcomes: Sequence[Outcome]) -> Table:
    """Returns a table with a row per seed, and below them mean, standard deviation and range of each measure.

    outcomes: at least two.
    """
    shown = {name: title for name, title in SHOWN.items() if all(name in outcome.measures for outcome in outcomes)}
    table = Table("seed", box=None)
    for title in ("best epoch", *shown.values()):
        table.add_column(title, justify="right")
    for outcome in outcomes:
        values = (f"{outcome.measures[name]:.4f}" for name in shown)
        table.add_row(outcome.job.hyperparameters["seed"], str(outcome.epoch), *values)
    table.add_section()
    spreads = [spread([outcome.measures[name] for outcome in outcomes]) for name in shown]
    table.add_row("mean", "", *(f"{each.mean:.4f}" for each in spreads))
    table.add_row("standard deviation", "", *(f"{each.deviation:.4f}" for each in spreads))
    table.add_row("range", "", *(f"{each.low:.4f} to {each.high:.4f}" for each in spreads))
    return table
