"""The command `python -m training deploy`: its options and its help."""

import os
from dataclasses import replace
from typing import Annotated, Any

import typer
from rich.console import Console

from cli import explain_aws_error
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
from training.hosting.options import (
    ANY_BUCKET,
    ANY_REGION,
    ANY_ROLE,
    CONCURRENCY_QUOTA,
    parse_hosting,
    validate_endpoint_name,
    validate_hosting,
    validate_role,
)

INTERRUPTED_EXIT_CODE = 130


def deploy(
    source: Annotated[
        str | None,
        typer.Argument(
            metavar="SOURCE",
            show_default=False,
            help="A folder with model.json, a model file with model.json beside it, a model.tar.gz, a job below "
            "build/jobs, s3://BUCKET/KEY/model.tar.gz, or the name of a SageMaker training job.",
        ),
    ] = None,
    endpoint: Annotated[
        str, typer.Option(help="The endpoint's name. The functions need it as their parameter EndpointName.")
    ] = "mien-faces",
    role: Annotated[
        str | None,
        typer.Option(
            metavar="ARN",
            envvar="MIEN_SERVING_ROLE",
            help="The role that SageMaker assumes. It must be allowed to read the artifact and the image, to write "
            "logs, and to read alarms (cloudwatch:DescribeAlarms).",
        ),
    ] = None,
    bucket: Annotated[
        str | None,
        typer.Option(
            metavar="s3://BUCKET/PREFIX",
            help="Where the model is stored first, if SOURCE is on this machine or packed again.",
        ),
    ] = None,
    container: ContainerOption = None,
    image: ImageOption = None,
    wheels: Annotated[
        bool | None,
        typer.Option(
            "--wheels/--no-wheels",
            show_default="with wheels, unless SOURCE is an archive or a SageMaker job",
            help="stock: pack the packages that the container installs (35 MB), so that it starts without PyPI. With "
            "--wheels, an archive or a SageMaker job is packed again, and stored in --bucket.",
        ),
    ] = None,
    labels: LabelsOption = None,
    serverless: ServerlessOption = False,
    memory_mb: MemoryOption = None,
    max_concurrency: ConcurrencyOption = None,
    instance_type: InstanceTypeOption = None,
    min_instances: MinInstancesOption = None,
    max_instances: MaxInstancesOption = None,
    calls_per_minute: CallsPerMinuteOption = None,
    kms_key: Annotated[
        str | None,
        typer.Option(metavar="KEY", help="Instances: the KMS key that encrypts their disks."),
    ] = None,
    delete: Annotated[
        bool,
        typer.Option(
            "--delete",
            help="Delete the endpoint and everything that deployments made for it, except artifacts in S3.",
        ),
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Delete without asking.")] = False,
    wait: Annotated[
        bool,
        typer.Option(
            help="Wait until the model serves, and test it. After --no-wait, run the same command later: it tests the "
            "model, sets up auto scaling and deletes what is no longer needed."
        ),
    ] = True,
    dry_run: Annotated[
        bool,
        typer.Option(
            "--dry-run",
            help="Check the model, print the requests as JSON, in order, and send none. Without credentials, a "
            "model of this machine is planned for an empty account.",
        ),
    ] = False,
    region: Annotated[str | None, typer.Option(help="The AWS region.", show_default="the environment's region")] = None,
) -> None:
    """Deploy a model to an endpoint that the functions call, or update the endpoint with a better model.

    deploy JOB --role ARN: serve the model of a training job, serverless.

    deploy FOLDER --bucket s3://BUCKET/models --role ARN --instance-type ml.c7i.large: pack and serve a model from this
    machine, on one to four instances.

    deploy --endpoint mien-faces --delete: delete the endpoint and everything that belongs to it.

    An existing endpoint continues to serve while it is updated. On instances, a few calls go to the new model first,
    and alarms roll the update back. At the end, the new model has to describe itself and to classify a test image. If
    an answer is bad, the endpoint is rolled back to what it served before, which is kept. After an interruption, run
    the same command again: it does only what is missing.
    """
    from botocore.exceptions import BotoCoreError, ClientError, NoRegionError

    from training.hosting.artifact import Source
    from training.hosting.deploy import DeployOptions, delete_deployment, deploy_model
    from training.hosting.inventory import has_credentials, make_clients
    from training.hosting.wheels import choose_wheels

    validate_endpoint_name(endpoint)
    try:
        found = Source(source or "", bucket, container == "built-in")
        if dry_run and found.is_local and not has_credentials():
            found = replace(found, is_offline=True)
            region = region or os.environ.get("AWS_DEFAULT_REGION") or ANY_REGION
            Console(stderr=True).print(
                f"No AWS credentials were found: these are the requests for an account in {region} without endpoint "
                f"{endpoint}.",
                highlight=False,
                soft_wrap=True,
            )
        if dry_run:
            role = role or ANY_ROLE
            found = replace(found, bucket=bucket or ANY_BUCKET)
        clients = make_clients(region)
        if delete:
            if source:
                raise ValueError(f"--delete deletes an endpoint and needs no model: leave {source!r} out")
            delete_deployment(endpoint, clients, yes, wait, dry_run)
            return
        if not source:
            raise ValueError("SOURCE is missing: give a folder with model.json, a training job's name, or a file")
        if not role:
            raise ValueError("--role ARN is missing: SageMaker assumes this role to read the artifact and the image")
        validate_role(role)
        hosting = parse_hosting(
            serverless={
                "--serverless": serverless or None,
                "--memory-mb": memory_mb,
                "--max-concurrency": max_concurrency,
            },
            instances={
                "--instance-type": instance_type,
                "--min-instances": min_instances,
                "--max-instances": max_instances,
                "--calls-per-minute": calls_per_minute,
                "--kms-key": kms_key,
            },
        )
        hosting_types = clients["sagemaker"].meta.service_model.shape_for("ProductionVariantInstanceType").enum
        validate_hosting(hosting, hosting_types)
        found = replace(found, wheels=choose_wheels(wheels, container, image, found.is_packed, hosting))
        names = tuple(name.strip() for name in labels.split(",")) if labels else None
        options = DeployOptions(found, endpoint, role, container, image, hosting, names, wait, dry_run)
        deploy_model(options, clients)
    except NoRegionError:
        raise ValueError("no AWS region is set: give --region eu-central-1, or set AWS_REGION") from None
    except ClientError as error:
        raise ValueError(describe_client_error(error)) from None
    except BotoCoreError as error:
        raise ValueError(explain_aws_error(error)) from None
    except KeyboardInterrupt:
        Console(stderr=True).print(
            "Interrupted. SageMaker continues what it has begun: aws sagemaker describe-endpoint --endpoint-name "
            f"{endpoint} shows it. Run the same command again to wait for it and to do what is missing.",
            highlight=False,
            soft_wrap=True,
        )
        raise typer.Exit(INTERRUPTED_EXIT_CODE) from None


def describe_client_error(error: Any) -> str:
    """Returns one line with the operation that AWS refused, and why. error: botocore's ClientError."""
    code = error.response["Error"].get("Code")
    message = error.response["Error"].get("Message")
    advice = ""
    if code == "ResourceLimitExceeded":
        advice = "; request a higher limit in AWS Service Quotas, under Amazon SageMaker"
        if CONCURRENCY_QUOTA in str(message):
            advice += ", or give a smaller --max-concurrency: all serverless endpoints of a region share this quota"
    return f"{error.operation_name}: {code}: {message}{advice}"
