"""The commands about training jobs: launch, follow, stop, compare."""

import dataclasses
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.prompt import Confirm

from training.console import console
from training.jobs import metrics, recipe

if TYPE_CHECKING:
    import boto3

    from training.jobs.launch import Place
    from training.jobs.metrics import Epochs
    from training.jobs.status import Job

LOCAL_JOBS = Path("build/jobs")

Region = Annotated[str | None, typer.Option(help="Instead of AWS_REGION's, or the profile's.")]
LocalJobs = Annotated[Path, typer.Option(help="The folder of the jobs that ran here.")]


def launch(
    name: Annotated[
        str, typer.Argument(metavar="RECIPE", help=f"{', '.join(recipe.names())}, or a TOML file of your own.")
    ],
    data: Annotated[
        str, typer.Option(help="What `upload` sent, s3://BUCKET/PREFIX; with --local, what `prepare` wrote.")
    ] = "build/fer2013",
    role: Annotated[
        str, typer.Option(envvar="MIEN_TRAINING_ROLE", help="The ARN of the role that SageMaker trains as.")
    ] = "",
    output: Annotated[str, typer.Option(help="Where models and checkpoints go (jobs, in the data's bucket).")] = "",
    set_: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="NAME=VALUE", help="Another value for a hyperparameter; may be repeated."),
    ] = None,
    best_of: Annotated[str | None, typer.Option(help="A tuning job, whose best hyperparameters are taken.")] = None,
    instance_type: Annotated[str | None, typer.Option(help="Instead of the recipe's, such as ml.g5.xlarge.")] = None,
    instance_count: Annotated[int | None, typer.Option(min=1)] = None,
    spot: Annotated[bool | None, typer.Option("--spot/--on-demand", help="Instead of what the recipe says.")] = None,
    max_hours: Annotated[float | None, typer.Option(min=0.1, help="After which SageMaker ends the job.")] = None,
    resume: Annotated[
        str | None, typer.Option(metavar="JOB", help="A job that was stopped or interrupted, whose checkpoints to use.")
    ] = None,
    kms_key: Annotated[str | None, typer.Option(help="A key for volumes and models, instead of AWS's own.")] = None,
    local: Annotated[bool, typer.Option("--local", help="Run our script on this machine, as SageMaker would.")] = False,
    jobs: LocalJobs = LOCAL_JOBS,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print the exact request, and send nothing.")] = False,
    follow_: Annotated[bool, typer.Option("--follow", help="Show the job's epochs as they come.")] = False,
    region: Region = None,
) -> None:
    """Start a training job from a recipe.

    On SageMaker: `launch resnet --data s3://BUCKET/PREFIX --role ARN --follow`. On this machine: `launch resnet
    --local`. A recipe names algorithm or script, hyperparameters, channels and instances; it says too with which
    options `prepare` makes its data. Look at what would be sent with --dry-run: it needs no account.
    """
    wanted = recipe.changed(
        recipe.read(name),
        settings(set_ or []),
        instance_type=instance_type,
        instance_count=instance_count,
        max_hours=max_hours,
        spot=spot,
    )
    if local:
        if resume and not (jobs / resume / "checkpoints").is_dir():
            raise ValueError(f"{jobs / resume} is no job that ran here")
        show_local(wanted, Path(data), jobs / (resume or f"mien-{wanted.name}-{datetime.now(UTC):%Y%m%d%H%M%S}"))
        return

    from training.jobs import launch as launcher

    session = boto3_session(region)
    place = place_of(data, output, role, kms_key)
    if best_of or resume:
        from training.jobs.status import Jobs

        known = Jobs(session)
        if best_of:
            best = {key: recipe.value_of(value) for key, value in known.best_of(best_of).items()}
            console.print(f"the best of {best_of}: {best}", highlight=False)
            wanted = recipe.changed(wanted, best)
        if resume:
            place = dataclasses.replace(place, checkpoints=known.job(resume).checkpoints)
    if dry_run:
        operation, request = launcher.requests(wanted, place, session)
        console.print(f"# {operation}, in {session.region_name}", style="dim")
        console.print_json(json.dumps(request))
        console.print(f"# data: python -m training prepare train.csv {wanted.prepare}", style="dim", soft_wrap=True)
        return
    if not role:
        raise ValueError("--role is missing (or MIEN_TRAINING_ROLE): the ARN of the role that SageMaker trains as")
    with console.status("sending what the job runs"):
        job = launcher.start(wanted, place, session)
    console.print(f"started {job}")
    if wanted.tuning:
        console.print(f"python -m training compare {job} shows its jobs side by side", highlight=False, soft_wrap=True)
    elif follow_:
        show_remote(session, job)
    else:
        console.print(f"python -m training follow {job} shows it as it trains", highlight=False, soft_wrap=True)


def follow(
    name: Annotated[str, typer.Argument(metavar="JOB")],
    every: Annotated[float, typer.Option(min=1, help="Seconds between two looks.")] = 15,
    region: Region = None,
) -> None:
    """Show a job's epochs as they come, and what it has cost so far, until it has ended.

    Ctrl-C ends the looking, and not the job.
    """
    show_remote(boto3_session(region), name, every)


def stop(
    name: Annotated[str, typer.Argument(metavar="JOB")],
    yes: Annotated[bool, typer.Option("--yes", help="Don't ask.")] = False,
    region: Region = None,
) -> None:
    """End a job, and keep the best model that it has made.

    Both our script and the built-in algorithm write their best model as soon as it is there, and SageMaker keeps what
    a stopped job has written. Our script's checkpoints stay too: `launch --resume JOB` goes on from there.
    """
    from training.jobs.status import ENDED, Jobs

    jobs = Jobs(boto3_session(region))
    job = jobs.job(name)
    if job.status in ENDED:
        console.print(f"{name} has ended already: {job.status}")
    elif yes or Confirm.ask(f"stop {name} after {len(job.epochs)} epochs?", console=console):
        jobs.stop(name)
        with console.status("stopping: SageMaker gives it two minutes") as status:
            for job in jobs.follow(name, every=5):
                status.update(f"{job.status} {job.detail}")
    else:
        return
    tell_end(job)


def compare(
    names: Annotated[
        list[str],
        typer.Argument(metavar="JOB...", help="Training jobs, tuning jobs, or folders of jobs that ran here."),
    ],
    plot: Annotated[Path | None, typer.Option(help="A PNG of accuracy by epoch.")] = None,
    region: Region = None,
) -> None:
    """Put jobs side by side: what they differ in, what they reached, how long they took and what they cost."""
    from training.jobs import compare as side_by_side
    from training.jobs import local as local_job
    from training.jobs.status import Jobs

    found: list[Job] = [local_job.read(Path(name)) for name in names if Path(name).is_dir()]
    asked = [name for name in names if not Path(name).is_dir()]
    if asked:
        jobs = Jobs(boto3_session(region))
        found += [jobs.job(job) for name in asked for job in (jobs.of_tuning(name) or [name])]
    console.print(side_by_side.table(found))
    if plot:
        side_by_side.plot(found, plot)
        console.print(plot, highlight=False)


def settings(words: list[str]) -> dict[str, recipe.Value]:
    for word in words:
        if "=" not in word:
            raise ValueError(f"{word!r} is no NAME=VALUE, as in --set epochs=5")
    return {name: recipe.value_of(value) for name, _, value in (word.partition("=") for word in words)}


def place_of(data: str, output: str, role: str, kms_key: str | None) -> "Place":
    from training.jobs.launch import Place
    from training.s3_uri import parse_s3_uri

    if not data.startswith("s3://"):
        raise ValueError(f"--data {data} lies on this machine, and SageMaker reads s3://BUCKET/PREFIX; see `upload`")
    bucket, _ = parse_s3_uri(data)
    return Place(data, output or f"s3://{bucket}/jobs", role or "arn:aws:iam::000000000000:role/ROLE", kms_key)


def boto3_session(region: str | None) -> "boto3.Session":
    import boto3

    session = boto3.Session(region_name=region)
    if not session.region_name:
        raise ValueError("no region is set: name one with --region, AWS_REGION or `aws configure`")
    return session


def show_local(wanted: recipe.Recipe, data: Path, root: Path) -> None:
    from training.jobs import local as local_job

    console.print(f"{root}, prepared with: {wanted.prepare}", highlight=False, soft_wrap=True)
    total = wanted.hyperparameters.get("epochs")
    with bar() as progress:
        task = progress.add_task("epochs", total=int(total) if total else None)

        def told(epochs: "Epochs") -> None:
            for epoch, values in epochs.items():
                progress.console.print(line(epoch, values), highlight=False, soft_wrap=True)
                progress.update(task, completed=epoch)

        job = local_job.run(wanted, data, root, told)
    tell_end(job)
    if job.status == "Failed":
        raise ValueError(f"{root / 'log.txt'} tells why")


def show_remote(session: "boto3.Session", name: str, every: float = 15) -> None:
    from training.jobs.status import Jobs

    shown: set[int] = set()
    job = None
    try:
        with bar() as progress:
            task = progress.add_task("waiting", total=None)
            for job in Jobs(session).follow(name, every=every):
                for epoch in sorted(set(job.epochs) - shown):
                    # The newest may have lines to come, unless the job has ended.
                    if epoch < max(job.epochs) or "validation_accuracy" in job.epochs[epoch]:
                        progress.console.print(line(epoch, job.epochs[epoch]), highlight=False, soft_wrap=True)
                        shown.add(epoch)
                progress.update(
                    task,
                    description=f"{job.status}: {job.detail or 'waiting'}{costs(job)}",
                    completed=len(shown),
                    total=job.total_epochs,
                )
    except KeyboardInterrupt:
        console.print(
            f"{name} goes on; `python -m training follow {name}` looks again", highlight=False, soft_wrap=True
        )
        return
    assert job
    tell_end(job)


def bar() -> Progress:
    return Progress(
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), console=console
    )


def line(epoch: int, values: dict[str, float]) -> str:
    return f"epoch {epoch:>3}  " + "  ".join(f"{name.replace('_', ' ')} {value:g}" for name, value in values.items())


def costs(job: "Job") -> str:
    return "" if job.cost is None else f", ${job.cost:,.2f} so far"


def tell_end(job: "Job") -> None:
    best = metrics.best(job.epochs)
    reached = f", best validation accuracy {best[1]:.4f} in epoch {best[0]}" if best else ""
    paid = "" if job.cost is None else f", ${job.cost:,.2f}"
    console.print(f"{job.status} after {job.seconds / 60:.1f} minutes{paid}{reached}", highlight=False)
    if job.status == "Failed":
        console.print(job.detail, style="red", highlight=False)
    if job.artifact:
        console.print(f"its model: {job.artifact}", highlight=False, soft_wrap=True)
    elif job.checkpoints:
        console.print(f"it left no model; its checkpoints: {job.checkpoints}", highlight=False, soft_wrap=True)
