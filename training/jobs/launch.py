"""What `launch` does without --local: it starts a recipe on SageMaker, or shows its request."""

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from training.console import console
from training.hosting.options import validate_role
from training.jobs import display
from training.jobs.continuation import continued_recipe
from training.jobs.launch_local import print_data_hint
from training.jobs.prepared_data import option_that_writes
from training.jobs.quotas import validate_training_quota
from training.jobs.recipe import Recipe, Value
from training.jobs.recipe_file import override_recipe, parse_value
from training.jobs.session import make_session
from training.jobs.soft_labels import missing_soft_labels, soft_labels_path
from training.jobs.start_weights import require_weights_channel
from training.s3_uri import parse_s3_uri

if TYPE_CHECKING:
    import boto3

    from training.jobs.trainer import AccountSettings

# What the request of a dry run has in place of --role and --data.
ROLE_PLACEHOLDER = "arn:aws:iam::000000000000:role/ROLE"
DATA_PLACEHOLDER = "s3://BUCKET/PREFIX"
DRY_RUN_REGION = "us-east-1"


@dataclass(frozen=True)
class LaunchOptions:
    """How `launch` starts a job on SageMaker.

    data, output: s3://BUCKET/PREFIX; an empty output is jobs in the data's bucket.
    role: the ARN of the role that SageMaker assumes; a dry run does without.
    best_of: a tuning job, whose best hyperparameters replace the recipe's.
    compute: fields of Compute that replace the recipe's, or the resumed job's.
    follow: show the job's epochs until it has ended.
    """

    data: str = ""
    output: str = ""
    role: str = ""
    kms_key: str | None = None
    best_of: str | None = None
    compute: Mapping[str, Any] = field(default_factory=dict)
    dry_run: bool = False
    follow: bool = False
    region: str | None = None


def launch_on_sagemaker(recipe: Recipe, options: LaunchOptions) -> None:
    """Starts the recipe on SageMaker, or prints the request that would start it."""
    from training.jobs.status import TrainingJobs

    require_weights_channel(recipe)
    settings = account_settings(options)
    session = make_session(options.region, DRY_RUN_REGION if options.dry_run else None)
    recipe = override_recipe(recipe, {}, **options.compute)
    if options.best_of:
        best = TrainingJobs(session).best_hyperparameters(options.best_of)
        hyperparameters = {name: parse_value(value) for name, value in best.items()}
        console.print(f"best hyperparameters of {options.best_of}: {hyperparameters}", highlight=False)
        recipe = override_recipe(recipe, hyperparameters)
    if not options.dry_run and not options.role:
        raise ValueError(
            "--role is missing, and MIEN_TRAINING_ROLE is not set: give the ARN of the role that SageMaker assumes"
        )
    send_job(recipe, settings, session, options)


def resume_on_sagemaker(name: str, settings: Mapping[str, Value], options: LaunchOptions) -> None:
    """Starts a job that goes on from the checkpoints of another one, with its recipe, role, output and data.

    settings: --set epochs=N continues a completed job.
    """
    from training.jobs.remote_record import read_recipe as read_stored_recipe
    from training.jobs.status import TrainingJobs, parse_description

    session = make_session(options.region)
    description = TrainingJobs(session).read_description(name)
    recipe, account = read_stored_recipe(description, session)
    job = parse_description(description, {}, None, datetime.now(UTC))
    recipe = continued_recipe(recipe, job, settings)
    changed = {key: value for key, value in options.compute.items() if value is not None}
    if changed:
        # The longest wait belongs to the old number of hours.
        compute = dataclasses.replace(recipe.compute, max_wait_hours=None)
        recipe = override_recipe(dataclasses.replace(recipe, compute=compute), {}, **changed)
    send_job(recipe, account, session, options)


def send_job(recipe: Recipe, settings: "AccountSettings", session: "boto3.Session", options: LaunchOptions) -> None:
    """Starts a job on SageMaker, or prints its request."""
    from training.jobs.sagemaker_job import plan_job, start_job
    from training.jobs.status import TrainingJobs

    if options.dry_run:
        operation, request = plan_job(recipe, settings, session.region_name)
        console.print(f"# {operation}, in {session.region_name}", style="dim")
        console.print_json(json.dumps(request))
        print_data_hint(recipe, "")
        return
    require_data(recipe, settings.data, session)
    validate_training_quota(recipe, session.client("service-quotas"), print_warning)
    with console.status("uploading the code"):
        job = start_job(recipe, settings, session)
    console.print(f"started {job}")
    if recipe.tuning:
        console.print(f"compare its jobs with: python -m training compare {job}", highlight=False, soft_wrap=True)
    elif options.follow:
        display.follow_job(TrainingJobs(session), job)
    else:
        console.print(f"follow it with: python -m training follow {job}", highlight=False, soft_wrap=True)


def print_warning(text: str) -> None:
    console.print(text, highlight=False, soft_wrap=True, markup=False)


def require_data(recipe: Recipe, data: str, session: "boto3.Session") -> None:
    """Raises ValueError if there is nothing in S3 that a channel can read: SageMaker would start instances first.

    data: s3://BUCKET/PREFIX.
    """
    bucket, prefix = parse_s3_uri(data)
    s3 = session.client("s3")

    def key_of(path: str) -> str:
        return f"{prefix.rstrip('/')}/{path}".lstrip("/")

    def exists(key: str) -> bool:
        return bool(s3.list_objects_v2(Bucket=bucket, Prefix=key, MaxKeys=1).get("KeyCount"))

    for channel, path in recipe.channels.items():
        key = key_of(path)
        if not exists(key):
            raise ValueError(
                f"s3://{bucket}/{key} is missing, which channel {channel} reads: send it with `python -m training "
                f"upload`, after `python -m training prepare {recipe.prepare}`{written_with(path, recipe.prepare)}"
            )
    soft_labels = soft_labels_path(recipe)
    if soft_labels and not exists(key_of(soft_labels)):
        raise ValueError(missing_soft_labels(f"s3://{bucket}/{key_of(soft_labels)}"))


def written_with(path: str, options: str) -> str:
    """A part of a sentence: the option that writes what a channel reads, if the recipe's options lack it."""
    option = option_that_writes(path)
    return "" if option.strip() in options.split() or not option else f" with{option}"


def account_settings(options: LaunchOptions) -> "AccountSettings":
    """Returns the account's part of the job. Raises ValueError if the data is not in S3, or if the role is no ARN."""
    from training.jobs.trainer import AccountSettings

    data = options.data or (DATA_PLACEHOLDER if options.dry_run else "")
    if not data:
        raise ValueError("--data is missing: send the data with `python -m training upload`, and give its S3 address")
    if not data.startswith("s3://"):
        raise ValueError(
            f"--data {data} is a path on this machine, and SageMaker reads from S3: send the data with "
            "`python -m training upload`, and give its s3://BUCKET/PREFIX"
        )
    if options.role:
        validate_role(options.role)
    bucket, _ = parse_s3_uri(data)
    output = options.output or f"s3://{bucket}/jobs"
    return AccountSettings(data, output, options.role or ROLE_PLACEHOLDER, options.kms_key)
