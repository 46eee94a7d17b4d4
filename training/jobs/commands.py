"""The commands for training jobs: launch, follow, stop, compare."""

from pathlib import Path
from typing import Annotated

import typer
from rich.prompt import Confirm

from training.console import console
from training.jobs import display
from training.jobs.job import ENDED, TrainingJob
from training.jobs.launch import LaunchOptions, launch_locally, launch_on_sagemaker, resume_locally
from training.jobs.recipe import Value
from training.jobs.recipe_file import load_recipe, override_recipe, parse_value, recipe_names
from training.jobs.session import make_session

LOCAL_JOBS = Path("build/jobs")
DEFAULT_DATA = "build/fer2013"

Region = Annotated[str | None, typer.Option(help="The AWS region, instead of AWS_REGION or the profile's.")]
LocalJobs = Annotated[Path, typer.Option(help="The folder of jobs that run on this machine.")]


def launch(
    name: Annotated[
        str,
        typer.Argument(
            metavar="RECIPE", help=f"{', '.join(recipe_names())}, or the path of a TOML file.", show_default=False
        ),
    ] = "",
    data: Annotated[
        str,
        typer.Option(
            help="The data: s3://BUCKET/PREFIX, to which `upload` sent it; with --local, the folder that `prepare` "
            "wrote."
        ),
    ] = DEFAULT_DATA,
    role: Annotated[
        str, typer.Option(envvar="MIEN_TRAINING_ROLE", help="The ARN of the role that SageMaker assumes.")
    ] = "",
    output: Annotated[
        str,
        typer.Option(
            help="Where models and checkpoints are written, s3://BUCKET/PREFIX.",
            show_default="jobs, in the bucket of the data",
        ),
    ] = "",
    set_: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="NAME=VALUE", help="Set a hyperparameter; may be repeated."),
    ] = None,
    best_of: Annotated[
        str | None, typer.Option(metavar="JOB", help="Use the best hyperparameters of this tuning job.")
    ] = None,
    instance_type: Annotated[
        str | None, typer.Option(help="Use this instance type, such as ml.g5.xlarge, instead of the recipe's.")
    ] = None,
    instance_count: Annotated[int | None, typer.Option(min=1, help="Use this number of instances.")] = None,
    spot: Annotated[
        bool | None, typer.Option("--spot/--on-demand", help="Use this kind of capacity instead of the recipe's.")
    ] = None,
    max_hours: Annotated[float | None, typer.Option(min=0.1, help="SageMaker ends the job after this time.")] = None,
    resume: Annotated[
        str | None,
        typer.Option(
            metavar="JOB",
            help="Resume from the checkpoints of a job that was stopped or interrupted. With --local, recipe, options "
            "and data are the job's own: leave them out.",
        ),
    ] = None,
    kms_key: Annotated[
        str | None, typer.Option(help="Encrypt volumes and models with this KMS key instead of AWS's own keys.")
    ] = None,
    local: Annotated[
        bool, typer.Option("--local", help="Run the recipe's script on this machine, as SageMaker would.")
    ] = False,
    jobs: LocalJobs = LOCAL_JOBS,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print the exact request, and send nothing.")] = False,
    follow_: Annotated[bool, typer.Option("--follow", help="Show the job's epochs until it has ended.")] = False,
    region: Region = None,
) -> None:
    """Start a training job from a recipe.

    On SageMaker: `launch resnet --data s3://BUCKET/PREFIX --role ARN --follow`. On this machine: `launch resnet
    --local`, and after an interruption `launch --local --resume JOB`. A recipe names the algorithm or script,
    hyperparameters, channels and instances. It also names the options with which `prepare` makes its data. --dry-run
    shows the request, and needs no account.
    """
    settings = parse_settings(set_ or [])
    if local and resume:
        given = [word for word, value in (("RECIPE", name), ("--set", set_), ("--data", data != DEFAULT_DATA)) if value]
        if given:
            raise ValueError(f"{', '.join(given)}: a job resumes with its own recipe, options and data. Leave them out")
        resume_locally(jobs / resume)
        return
    if not name:
        raise ValueError(f"RECIPE is missing: give one of {', '.join(recipe_names())}, or the path of a TOML file")
    recipe = override_recipe(
        load_recipe(name),
        settings,
        instance_type=instance_type,
        instance_count=instance_count,
        max_hours=max_hours,
        spot=spot,
    )
    if local:
        launch_locally(recipe, Path(data), jobs)
    else:
        options = LaunchOptions(data, output, role, kms_key, best_of, resume, dry_run, follow_, region)
        launch_on_sagemaker(recipe, options)


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


def parse_settings(settings: list[str]) -> dict[str, Value]:
    """Returns hyperparameters from NAME=VALUE texts. Raises ValueError if one has no equals sign."""
    hyperparameters = {}
    for setting in settings:
        name, equals, value = setting.partition("=")
        if not equals:
            raise ValueError(f"--set {setting!r} is not of the form NAME=VALUE, such as --set epochs=5")
        hyperparameters[name] = parse_value(value)
    return hyperparameters
