"""The commands for jobs that were launched: follow, stop, compare."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.prompt import Confirm

from training.console import console
from training.jobs import display
from training.jobs.find_job import find_local_jobs, job_name
from training.jobs.job import ENDED, Followable, TrainingJob
from training.jobs.launch_command import LOCAL_JOBS, LocalJobs, Mlflow, Region
from training.jobs.local_record import read_local_job
from training.jobs.session import make_session

# Seconds between two looks at a job.
LOCAL_EVERY = 1.0
REMOTE_EVERY = 15.0

if TYPE_CHECKING:
    from training.jobs.status import TrainingJobs


def follow(
    name: Annotated[
        str,
        typer.Argument(
            metavar="JOB", help="A job of this machine, also one that another terminal runs, or a job of SageMaker."
        ),
    ],
    every: Annotated[
        float | None,
        typer.Option(min=0.1, help="Seconds between two looks.", show_default="15, and 1 for a job on this machine"),
    ] = None,
    mlflow: Mlflow = "",
    jobs: LocalJobs = LOCAL_JOBS,
    region: Region = None,
) -> None:
    """Show a job's epochs, and its cost so far, until it has ended.

    Ctrl-C stops showing them; the job continues.
    """
    from training.jobs.history_plot import HISTORY
    from training.jobs.local_jobs import LocalJob, choose_job
    from training.jobs.mlflow_log import LoggedJobs

    folders = find_local_jobs(name, jobs)
    folder = choose_job(folders) if folders else None
    followed: Followable = LocalJob(folder) if folder else remote_jobs(name, jobs, region)
    title = folder.resolve().name if folder else job_name(name)
    if mlflow:
        followed = LoggedJobs(followed, mlflow, folder)
    history = folder / HISTORY if folder else None
    display.follow_job(followed, title, every or (LOCAL_EVERY if folder else REMOTE_EVERY), history)


def stop(
    name: Annotated[str, typer.Argument(metavar="JOB", help="A job of SageMaker.")],
    yes: Annotated[bool, typer.Option("--yes", help="Stop without asking.")] = False,
    region: Region = None,
) -> None:
    """Stop a job, and keep the best model that it has written.

    Both our script and the built-in algorithm write their best model as soon as they have one, and SageMaker keeps what
    a stopped job has written. It keeps the checkpoints of our script too: `launch --resume JOB` resumes from them.
    """
    if find_local_jobs(name, LOCAL_JOBS):
        raise ValueError(f"{name} is a job of this machine: press Ctrl-C in the terminal that runs it")
    jobs = remote_jobs(name, LOCAL_JOBS, region)
    job = jobs.describe(name)
    if job.status in ENDED:
        console.print(f"{name} has already ended: {job.status}")
    elif yes or Confirm.ask(f"Stop {name} after {len(job.epochs)} epochs?", console=console):
        jobs.stop(name)
        with console.status("stopping: SageMaker gives the job two minutes") as status:
            for job in jobs.follow(name, every=5):
                status.update(f"{job.status} {job.detail}")
    else:
        return
    display.print_summary(job)


def compare(
    names: Annotated[
        list[str],
        typer.Argument(
            metavar="JOB...",
            help="Jobs of this machine or of SageMaker, groups of seeds, or tuning jobs: by name, or by folder.",
        ),
    ],
    plot: Annotated[
        Path | None,
        typer.Option(help="Write a PNG to this path: the accuracies of all jobs by epoch, or the history of one."),
    ] = None,
    jobs: LocalJobs = LOCAL_JOBS,
    region: Region = None,
) -> None:
    """Compare jobs: the hyperparameters in which they differ, accuracy, time and cost."""
    from training.jobs.compare import comparison, plot_accuracy
    from training.jobs.history_plot import save_history

    compared = [job for name in names for job in find_jobs(name, jobs, region)]
    for part in comparison(compared, console.width):
        console.print(part, highlight=False)
    if plot:
        if len(compared) > 1 or not save_history(compared[0], plot):
            plot_accuracy(compared, plot)
        console.print(str(plot), highlight=False, soft_wrap=True, markup=False)


def find_jobs(word: str, jobs: Path, region: str | None) -> list[TrainingJob]:
    """Returns the jobs that a word names: those of this machine, or else those of SageMaker.

    A tuning job, and a group of seeds, name several. Raises ValueError if there is none.
    """
    if found := find_local_jobs(word, jobs):
        return [read_local_job(folder) for folder in found]
    remote = remote_jobs(word, jobs, region)
    name = job_name(word)
    return [remote.describe(each) for each in (remote.list_tuning_job(name) or [name])]


def remote_jobs(word: str, jobs: Path, region: str | None) -> "TrainingJobs":
    """Returns SageMaker's jobs, for a word that names none of this machine. Raises ValueError without a region."""
    from training.jobs.status import TrainingJobs

    try:
        return TrainingJobs(make_session(region))
    except ValueError as error:
        raise ValueError(f"there is no job {jobs / word} on this machine; to look on SageMaker: {error}") from None
