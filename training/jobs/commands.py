"""The commands for jobs that were launched: follow, stop, compare."""

from pathlib import Path
from typing import Annotated

import typer
from rich.prompt import Confirm

from training.console import console
from training.jobs import display
from training.jobs.job import ENDED, TrainingJob
from training.jobs.launch_command import Region
from training.jobs.session import make_session


def follow(
    name: Annotated[str, typer.Argument(metavar="JOB")],
    every: Annotated[float, typer.Option(min=1, help="Seconds between two looks.")] = 15,
    region: Region = None,
) -> None:
    """Show a job's epochs and its cost so far, until it has ended.

    Ctrl-C stops showing them; the job continues.
    """
    from training.jobs.status import TrainingJobs

    display.show_remote_job(TrainingJobs(make_session(region)), name, every)


def stop(
    name: Annotated[str, typer.Argument(metavar="JOB")],
    yes: Annotated[bool, typer.Option("--yes", help="Stop without asking.")] = False,
    region: Region = None,
) -> None:
    """Stop a job, and keep the best model that it has written.

    Both our script and the built-in algorithm write their best model as soon as they have one, and SageMaker keeps what
    a stopped job has written. It keeps the checkpoints of our script too: `launch --resume JOB` resumes from them.
    """
    from training.jobs.status import TrainingJobs

    jobs = TrainingJobs(make_session(region))
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
            metavar="JOB...", help="Names of training jobs or tuning jobs, or folders of jobs that ran on this machine."
        ),
    ],
    plot: Annotated[Path | None, typer.Option(help="Write a PNG of accuracy by epoch to this path.")] = None,
    region: Region = None,
) -> None:
    """Compare jobs: their hyperparameters, accuracy, time and cost, side by side."""
    from training.jobs.compare import comparison_table, plot_accuracy
    from training.jobs.local_record import read_local_job
    from training.jobs.status import TrainingJobs

    compared: list[TrainingJob] = [read_local_job(Path(name)) for name in names if Path(name).is_dir()]
    remote_names = [name for name in names if not Path(name).is_dir()]
    if remote_names:
        jobs = TrainingJobs(make_session(region))
        for name in remote_names:
            compared += [jobs.describe(job) for job in (jobs.list_tuning_job(name) or [name])]
    console.print(comparison_table(compared))
    if plot:
        plot_accuracy(compared, plot)
        console.print(plot, highlight=False)
