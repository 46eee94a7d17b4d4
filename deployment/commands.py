"""The commands `python -m deployment deploy` and `compile`: their options and their help."""

import os
import sys
from pathlib import Path
from typing import Annotated

import boto3
import typer

from cli import NO_REGION
from deployment.bytecode import compile_modules
from deployment.deploy import deploy_all
from deployment.errors import DeploymentError
from deployment.hosting import Access, choose_hosting
from deployment.model import ModelOptions
from deployment.names import Names
from deployment.parameters import parse_parameters
from deployment.plan import DeployOptions, Plan
from deployment.progress import print_line
from deployment.report import plan_lines, print_report
from training.hosting.command_options import (
    CallsPerMinuteOption,
    ConcurrencyOption,
    ContainerOption,
    ImageOption,
    InstanceTypeOption,
    LabelsOption,
    MaxInstancesOption,
    MemoryOption,
    MinInstancesOption,
    ServerlessOption,
)
from training.hosting.options import Instances, validate_role

StackOption = Annotated[str, typer.Option(help="Name of the application's stack. All other names begin with it.")]
RegionOption = Annotated[str | None, typer.Option(help="The AWS region.", show_default="that of the AWS CLI")]
ProfileOption = Annotated[
    str | None, typer.Option(help="The profile of the AWS CLI.", show_default="that of the AWS CLI")
]

INTERRUPTED_EXIT_CODE = 130


def deploy(
    model: Annotated[
        str | None,
        typer.Argument(
            metavar="MODEL",
            show_default="the one that is deployed, and models/ at first",
            help="A folder with model.json, a model file with model.json beside it, a model.tar.gz, a job below "
            "build/jobs, s3://BUCKET/KEY/model.tar.gz, or the name of a SageMaker training job.",
        ),
    ] = None,
    stack: StackOption = "mien",
    region: RegionOption = None,
    profile: ProfileOption = None,
    endpoint: Annotated[
        str | None,
        typer.Option(help="Use this endpoint, which exists already, and make none. MODEL has no effect then."),
    ] = None,
    bucket: Annotated[
        str | None, typer.Option(help="Use this bucket for images and results, which exists already, and make none.")
    ] = None,
    container: ContainerOption = None,
    image: ImageOption = None,
    labels: LabelsOption = None,
    serverless: ServerlessOption = False,
    memory_mb: MemoryOption = None,
    max_concurrency: ConcurrencyOption = None,
    instance_type: InstanceTypeOption = None,
    min_instances: MinInstancesOption = None,
    max_instances: MaxInstancesOption = None,
    calls_per_minute: CallsPerMinuteOption = None,
    role: Annotated[
        str | None, typer.Option(metavar="ARN", help="Let SageMaker assume this role, and make none for the endpoint.")
    ] = None,
    permissions_boundary: Annotated[
        str | None, typer.Option(metavar="ARN", help="Limit all roles that are made with this policy.")
    ] = None,
    kms_key: Annotated[
        str | None,
        typer.Option(metavar="ARN", help="Encrypt the buckets, and the disks of instances, with this KMS key."),
    ] = None,
    subnets: Annotated[
        str | None,
        typer.Option(
            metavar="ID,ID",
            help="Connect the functions to these subnets of a VPC, and the endpoint too if it runs on instances.",
        ),
    ] = None,
    security_groups: Annotated[
        str | None, typer.Option(metavar="ID,ID", help="The security groups in the VPC; --subnets needs them.")
    ] = None,
    parameter: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=VALUE", help="A parameter of template.yaml, such as InboxDays=30. Give it once for each one."
        ),
    ] = None,
    hide_key: Annotated[
        bool, typer.Option("--hide-key", help="Do not print the API key, for example in the log of a pipeline.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask before instances are started.")] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would be made and what it costs, and make nothing.")
    ] = False,
) -> None:
    """Deploy everything: the model behind an endpoint, and the application.

    Makes a bucket for artifacts, an endpoint (the stack STACK-model from hosting.yaml) and the application (the stack
    STACK from template.yaml), asks both once, and prints what to try. It needs credentials of an AWS account, and
    nothing in it.

    It is safe to interrupt it and to run it again: it does what is missing, and changes nothing else. Options that are
    not given keep their values in an existing deployment. `undeploy` removes everything.
    """
    if role:
        validate_role(role)
    if bool(subnets) != bool(security_groups):
        raise DeploymentError("--subnets and --security-groups belong together: give both, or none")
    session = make_session(region, profile)
    options = DeployOptions(
        names=read_names(stack, session),
        model=ModelOptions(
            model, container, image, tuple(name.strip() for name in labels.split(",")) if labels else None
        ),
        choose_hosting=lambda deployed: choose_hosting(
            {"--serverless": serverless or None, "--memory-mb": memory_mb, "--max-concurrency": max_concurrency},
            {
                "--instance-type": instance_type,
                "--min-instances": min_instances,
                "--max-instances": max_instances,
                "--calls-per-minute": calls_per_minute,
            },
            deployed,
        ),
        endpoint=endpoint,
        bucket=bucket,
        access=Access(role, permissions_boundary, kms_key, subnets, security_groups),
        parameters=parse_parameters(parameter or []),
        confirm=lambda plan: confirm(plan, yes, dry_run),
    )
    try:
        api = deploy_all(options, session)
    except KeyboardInterrupt:
        print_line("Interrupted. AWS finishes what it has begun. To do the rest, run the same command again.")
        raise typer.Exit(INTERRUPTED_EXIT_CODE) from None
    if api:
        print_report(options.names, api, session, hide_key)


def compile_built(
    folder: Annotated[Path, typer.Argument(help="The folder that `sam build` wrote.")] = Path(".aws-sam/build"),
) -> None:
    """Compile the functions that `sam build` has built, for faster cold starts. `deploy` does it by itself.

    Run it between `sam build` and `sam deploy`. Without it, Python compiles the modules again at each cold start, which
    is half of the work of one. It needs the Python version that the functions run on.
    """
    compile_modules(folder)
    print_line(f"Compiled the modules that the functions in {folder} import.")


def make_session(region: str | None, profile: str | None) -> boto3.Session:
    """Returns boto3's session for these options, and lets the SAM CLI and all clients of this process use the same.

    Raises DeploymentError if there is no region.
    """
    if profile:
        os.environ["AWS_PROFILE"] = profile
    if region:
        os.environ["AWS_REGION"] = os.environ["AWS_DEFAULT_REGION"] = region
    session = boto3.Session()
    if not session.region_name:
        raise DeploymentError(f"{NO_REGION}, or give --region")
    return session


def read_names(stack: str, session: boto3.Session) -> Names:
    """Returns the names of a deployment in the account of the session's credentials."""
    identity = session.client("sts").get_caller_identity()
    partition = identity["Arn"].split(":")[1]
    return Names(stack, identity["Account"], session.region_name, partition)


def confirm(plan: Plan, yes: bool, dry_run: bool) -> bool:
    """Prints the plan, and asks if it starts instances, which cost money while nothing is classified."""
    for line in plan_lines(plan, in_parts=dry_run):
        print_line(line)
    if dry_run:
        print_line("This was a dry run: nothing was made.")
        return False
    if not isinstance(plan.hosting, Instances) or yes:
        return True
    if not sys.stdin.isatty():
        raise DeploymentError("deploy asks before it starts instances, but there is no terminal: add --yes")
    return typer.confirm("Go on?", err=True)
