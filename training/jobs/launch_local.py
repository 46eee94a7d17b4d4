"""What `launch --local` does: it runs a recipe on this machine, resumes a job, or shows what would run."""

import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import chain, count
from pathlib import Path

from training.console import console, print_plain
from training.jobs.continuation import continued_recipe
from training.jobs.group import Group, is_group, read_group
from training.jobs.local_record import read_local_job, read_recipe
from training.jobs.prepared_data import find_data
from training.jobs.recipe import Recipe, Value
from training.jobs.seeds import run_group, run_job
from training.jobs.soft_labels import soft_labels_path
from training.jobs.start_weights import with_local_weights


@dataclass(frozen=True)
class LocalOptions:
    """How `launch` runs a job on this machine.

    seeds: train this number of times, each time with another seed.
    mlflow: where MLflow logs the job; an empty text logs nothing.
    dry_run: only print what would run.
    """

    seeds: int = 1
    mlflow: str = ""
    dry_run: bool = False


def launch_locally(recipe: Recipe, data: str, jobs: Path, options: LocalOptions) -> None:
    """Runs the recipe on this machine, in a new folder below `jobs`.

    data: the folder that `prepare` wrote, or an empty text for the only one below build/.
    """
    from training.jobs.local_job import require_script

    require_script(recipe)
    recipe = with_local_weights(recipe)
    if options.dry_run:
        print_local_plan(recipe, data, jobs)
        return
    folder = find_local_data(recipe, data)
    if options.seeds == 1:
        root = new_folder(jobs, recipe.name)
        try:
            run_job(recipe, folder, root, options.mlflow)
        finally:
            # Nothing is left of a job that could not start, for instance because MLflow can't be reached.
            if not any(root.iterdir()):
                root.rmdir()
        return
    group = Group(new_folder(jobs, f"{recipe.name}-seeds"), recipe, folder, options.seeds)
    group.write()
    run_group(group, options.mlflow)


def find_local_data(recipe: Recipe, data: str) -> Path:
    """Returns the folder of a job's data. Raises ValueError if it lacks a channel."""
    from training.jobs.local_job import require_channels

    if data.startswith("s3://"):
        raise ValueError(f"--data {data} is in S3, and --local reads a folder: give the one that `prepare` wrote")
    folder = Path(data) if data else find_data(recipe)
    require_channels(recipe, folder)
    return folder


def print_local_plan(recipe: Recipe, data: str, jobs: Path) -> None:
    from training.jobs.local_job import script_command

    console.print(f"# in a new folder {jobs}/mien-{recipe.name}-TIME", style="dim", soft_wrap=True)
    print_plain(shlex.join(script_command(recipe, gpus=0)))
    print_data_hint(recipe, data)


def print_data_hint(recipe: Recipe, data: str) -> None:
    made = f"python -m training prepare {recipe.prepare}"
    console.print(f"# data: {data or made}", style="dim", soft_wrap=True, highlight=False)
    if soft_labels_path(recipe):
        labelled = "python -m training soft-labels DATA MODEL..."
        console.print(f"# soft labels: {labelled}", style="dim", soft_wrap=True, highlight=False)


def resume_locally(root: Path, settings: Mapping[str, Value], mlflow: str = "", dry_run: bool = False) -> None:
    """Continues a job on this machine, with the recipe and the data that it began with.

    root: the job's folder.
    settings: --set epochs=N continues a completed job.
    """
    from training.jobs.local_job import script_command

    if is_group(root):
        if settings or dry_run:
            raise ValueError(f"{root} is a group of seeds: it resumes as it was begun, without --set and --dry-run")
        run_group(read_group(root), mlflow)
        return
    if not (root / "checkpoints").is_dir():
        raise ValueError(f"{root} has no checkpoints: it is not the folder of a job that ran on this machine")
    recipe, data = read_recipe(root)
    recipe = continued_recipe(recipe, read_local_job(root), settings)
    if dry_run:
        print_plain(shlex.join(script_command(recipe, gpus=0)))
    else:
        run_job(recipe, data, root, mlflow)


def new_folder(jobs: Path, name: str) -> Path:
    """Makes the folder of a new job. A job that starts in the same second gets another one. name: of the recipe."""
    started = f"mien-{name}-{datetime.now(UTC):%Y%m%d%H%M%S}"
    for name in chain([started], (f"{started}-{number}" for number in count(2))):
        try:
            (jobs / name).mkdir(parents=True)
        except FileExistsError:
            continue
        break
    return jobs / name
