"""What the command `launch` does: it runs a recipe on this machine, starts it on SageMaker, or shows its request."""

import dataclasses
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import chain, count
from pathlib import Path
from typing import TYPE_CHECKING

from training.console import console
from training.hosting.options import validate_role
from training.jobs import display
from training.jobs.local_record import read_recipe
from training.jobs.recipe import Recipe
from training.jobs.recipe_file import override_recipe, parse_value
from training.jobs.session import make_session
from training.s3_uri import parse_s3_uri

if TYPE_CHECKING:
    import boto3

    from training.jobs.trainer import AccountSettings

# The role in the request of a dry run without --role.
ROLE_PLACEHOLDER = "arn:aws:iam::000000000000:role/ROLE"


@dataclass(frozen=True)
class LaunchOptions:
    """How `launch` starts a job on SageMaker.

    data, output: s3://BUCKET/PREFIX; an empty output is jobs in the data's bucket.
    role: the ARN of the role that SageMaker assumes; a dry run does without.
    best_of: a tuning job, whose best hyperparameters replace the recipe's.
    resume: a training job, from whose checkpoints the new one resumes.
    follow: show the job's epochs until it has ended.
    """

    data: str
    output: str
    role: str
    kms_key: str | None
    best_of: str | None
    resume: str | None
    dry_run: bool
    follow: bool
    region: str | None


def launch_locally(recipe: Recipe, data: Path, jobs: Path) -> None:
    """Runs the recipe on this machine, in a new folder below `jobs`."""
    display.show_local_job(recipe, data, new_folder(jobs, recipe))


def resume_locally(root: Path) -> None:
    """Continues a job on this machine, with the recipe and the data that it began with. root: the job's folder."""
    if not (root / "checkpoints").is_dir():
        raise ValueError(f"{root} has no checkpoints: it is not the folder of a job that ran on this machine")
    recipe, data = read_recipe(root)
    display.show_local_job(recipe, data, root)


def new_folder(jobs: Path, recipe: Recipe) -> Path:
    """Makes the folder of a new job. A job that starts in the same second gets another one."""
    started = f"mien-{recipe.name}-{datetime.now(UTC):%Y%m%d%H%M%S}"
    for name in chain([started], (f"{started}-{number}" for number in count(2))):
        try:
            (jobs / name).mkdir(parents=True)
        except FileExistsError:
            continue
        break
    return jobs / name


def launch_on_sagemaker(recipe: Recipe, options: LaunchOptions) -> None:
    """Starts the recipe on SageMaker, or prints the request that would start it."""
    from training.jobs.sagemaker_job import plan_job, start_job
    from training.jobs.status import TrainingJobs

    session = make_session(options.region)
    settings = account_settings(options)
    if options.best_of:
        best = TrainingJobs(session).best_hyperparameters(options.best_of)
        hyperparameters = {name: parse_value(value) for name, value in best.items()}
        console.print(f"best hyperparameters of {options.best_of}: {hyperparameters}", highlight=False)
        recipe = override_recipe(recipe, hyperparameters)
    if options.resume:
        checkpoints = TrainingJobs(session).describe(options.resume).checkpoints
        settings = dataclasses.replace(settings, checkpoints=checkpoints)
    if options.dry_run:
        operation, request = plan_job(recipe, settings, session.region_name)
        console.print(f"# {operation}, in {session.region_name}", style="dim")
        console.print_json(json.dumps(request))
        console.print(f"# data: python -m training prepare train.csv {recipe.prepare}", style="dim", soft_wrap=True)
        return
    if not options.role:
        raise ValueError(
            "--role is missing, and MIEN_TRAINING_ROLE is not set: give the ARN of the role that SageMaker assumes"
        )
    require_data(recipe, options.data, session)
    with console.status("uploading the code"):
        job = start_job(recipe, settings, session)
    console.print(f"started {job}")
    if recipe.tuning:
        console.print(f"compare its jobs with: python -m training compare {job}", highlight=False, soft_wrap=True)
    elif options.follow:
        display.show_remote_job(TrainingJobs(session), job)
    else:
        console.print(f"follow it with: python -m training follow {job}", highlight=False, soft_wrap=True)


def require_data(recipe: Recipe, data: str, session: "boto3.Session") -> None:
    """Raises ValueError if there is nothing in S3 that a channel can read: SageMaker would start instances first.

    data: s3://BUCKET/PREFIX.
    """
    bucket, prefix = parse_s3_uri(data)
    s3 = session.client("s3")
    for channel, path in recipe.channels.items():
        key = f"{prefix.rstrip('/')}/{path}".lstrip("/")
        if not s3.list_objects_v2(Bucket=bucket, Prefix=key, MaxKeys=1).get("KeyCount"):
            raise ValueError(
                f"s3://{bucket}/{key} is missing, which channel {channel} reads: send it with `python -m training "
                f"upload`, after `python -m training prepare train.csv {recipe.prepare}`"
            )


def account_settings(options: LaunchOptions) -> "AccountSettings":
    """Returns the account's part of the job. Raises ValueError if the data is not in S3."""
    from training.jobs.trainer import AccountSettings

    if not options.data.startswith("s3://"):
        raise ValueError(
            f"--data {options.data} is a path on this machine, and SageMaker reads from S3: send the data with "
            "`python -m training upload`, and give its s3://BUCKET/PREFIX"
        )
    if options.role:
        validate_role(options.role)
    bucket, _ = parse_s3_uri(options.data)
    output = options.output or f"s3://{bucket}/jobs"
    return AccountSettings(options.data, output, options.role or ROLE_PLACEHOLDER, options.kms_key)
