"""The command `launch`: its options, and which of them fit together."""

from collections.abc import Collection
from pathlib import Path
from typing import Annotated

import typer

from training.jobs.find_job import find_to_resume
from training.jobs.launch import LaunchOptions, launch_on_sagemaker, resume_on_sagemaker
from training.jobs.launch_local import LocalOptions, launch_locally, resume_locally
from training.jobs.recipe import Value
from training.jobs.recipe_file import load_recipe, override_recipe, parse_value, recipe_names

LOCAL_JOBS = Path("build/jobs")
# Options that make sense beside --resume, and options that are only for one of the two places.
WITH_RESUME = {
    "--set",
    "--local",
    "--jobs",
    "--mlflow",
    "--instance-type",
    "--spot",
    "--max-hours",
    "--dry-run",
    "--follow",
    "--region",
}
ONLY_LOCAL = {"--jobs", "--seeds", "--mlflow"}
ONLY_SAGEMAKER = {
    *("--role", "--output", "--best-of", "--instance-type", "--instance-count", "--spot", "--max-hours", "--kms-key"),
    "--region",
}

Region = Annotated[str | None, typer.Option(help="The AWS region, instead of AWS_REGION or the profile's.")]
Mlflow = Annotated[
    str,
    typer.Option(
        metavar="URI",
        show_default=False,
        help="Log the job to MLflow: a server's address, a folder, or sqlite:///FILE. `env` takes the address from "
        "MLFLOW_TRACKING_URI.",
    ),
]
LocalJobs = Annotated[Path, typer.Option(help="The folder of jobs that run on this machine.")]


def launch(
    context: typer.Context,
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
            "wrote.",
            show_default="with --local, the only such folder below build",
        ),
    ] = "",
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
            help="Resume a job that was stopped or interrupted, from its checkpoints. Recipe, options and data are the "
            "job's own: leave them out. --set epochs=N continues a completed job for more epochs.",
        ),
    ] = None,
    kms_key: Annotated[
        str | None, typer.Option(help="Encrypt volumes and models with this KMS key instead of AWS's own keys.")
    ] = None,
    local: Annotated[
        bool, typer.Option("--local", help="Run the recipe's script on this machine, as SageMaker would.")
    ] = False,
    seeds: Annotated[
        int,
        typer.Option(
            min=1,
            max=100,
            help="With --local: train this number of times, each time with the next seed, and show mean and spread. "
            "--resume GROUP runs what is missing after an interruption.",
        ),
    ] = 1,
    mlflow: Mlflow = "",
    jobs: LocalJobs = LOCAL_JOBS,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print the exact request, and send nothing.")] = False,
    follow_: Annotated[bool, typer.Option("--follow", help="Show the job's epochs until it has ended.")] = False,
    region: Region = None,
) -> None:
    """Start a training job from a recipe.

    On SageMaker: `launch resnet --data s3://BUCKET/PREFIX --role ARN --follow`. On this machine: `launch resnet
    --local`. After an interruption: `launch --resume JOB`, on this machine with --local. A recipe names the algorithm
    or script, hyperparameters, channels and instances. It also names the options with which `prepare` makes its data.
    --dry-run shows the request. It needs an account only together with --resume or --best-of.
    """
    settings = parse_settings(set_ or [])
    refuse_mixed_options(given_options(context), local, bool(resume))
    compute = {
        "instance_type": instance_type,
        "instance_count": instance_count,
        "max_hours": max_hours,
        "spot": spot,
    }
    options = LaunchOptions(data, output, role, kms_key, best_of, compute, dry_run, follow_, region)
    on_this_machine = find_to_resume(resume, jobs) if resume else None
    if resume and local:
        resume_locally(on_this_machine or jobs / resume, settings, mlflow, dry_run)
    elif on_this_machine:
        raise ValueError(f"{on_this_machine} ran on this machine: add --local")
    elif resume:
        resume_on_sagemaker(resume, settings, options)
    elif not name:
        raise ValueError(f"RECIPE is missing: give one of {', '.join(recipe_names())}, or the path of a TOML file")
    else:
        recipe = override_recipe(load_recipe(name), settings)
        if local:
            launch_locally(recipe, data, jobs, LocalOptions(seeds, mlflow, dry_run))
        else:
            launch_on_sagemaker(recipe, options)


def given_options(context: typer.Context) -> list[str]:
    """Returns the options and arguments that the user typed, such as --role or RECIPE. Variables do not count."""
    return [
        parameter.opts[0] if parameter.param_type_name == "option" else "RECIPE"
        for parameter in context.command.params
        if getattr(context.get_parameter_source(str(parameter.name)), "name", "") == "COMMANDLINE"
    ]


def refuse_mixed_options(given: Collection[str], local: bool, resumes: bool) -> None:
    """Raises ValueError if the user typed options that have no effect together."""
    if resumes and (extra := [option for option in given if option not in {"--resume", *WITH_RESUME}]):
        raise ValueError(f"{', '.join(extra)}: a job resumes with its own recipe, options and data. Leave them out")
    others = ONLY_SAGEMAKER if local else ONLY_LOCAL
    if extra := [option for option in given if option in others]:
        place = "SageMaker: leave them out, or leave out --local" if local else "this machine: add --local"
        raise ValueError(f"{', '.join(extra)}: only for jobs on {place}")


def parse_settings(settings: list[str]) -> dict[str, Value]:
    """Returns hyperparameters from NAME=VALUE texts. Raises ValueError if one has no equals sign."""
    hyperparameters = {}
    for setting in settings:
        name, equals, value = setting.partition("=")
        if not equals:
            raise ValueError(f"--set {setting!r} is not of the form NAME=VALUE, such as --set epochs=5")
        hyperparameters[name] = parse_value(value)
    return hyperparameters
