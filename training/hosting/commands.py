"""`python -m training deploy`: a trained model behind an endpoint, and everything of an endpoint gone again."""

import json
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from training.console import console
from training.hosting.options import (
    CALLS_PER_MINUTE,
    CONCURRENCY,
    MEMORY_MB,
    Hosting,
    Kind,
    check_endpoint,
    check_hosting,
    check_role,
    hosting_of,
)

if TYPE_CHECKING:
    from training.hosting.inventory import Clients, Description
    from training.hosting.request import Request
    from training.hosting.rollout import Wait

errors = Console(stderr=True)
# Seconds. An endpoint takes minutes to come up.
POLL = 15


def deploy(
    source: Annotated[
        str | None,
        typer.Argument(
            metavar="SOURCE",
            show_default=False,
            help="A training job's name, s3://BUCKET/KEY/model.tar.gz, or a file model.tar.gz.",
        ),
    ] = None,
    endpoint: Annotated[
        str, typer.Option(help="The endpoint's name, which the functions get as EndpointName.")
    ] = "mien-faces",
    role: Annotated[
        str | None,
        typer.Option(
            metavar="ARN",
            envvar="MIEN_SERVING_ROLE",
            help="The role that SageMaker takes: it must be allowed to read the artifact and the image, to write logs, "
            "and to look at alarms (cloudwatch:DescribeAlarms).",
        ),
    ] = None,
    bucket: Annotated[
        str | None, typer.Option(metavar="s3://BUCKET/PREFIX", help="Where a SOURCE that is a file is put first.")
    ] = None,
    container: Annotated[
        Kind | None,
        typer.Option(
            show_default="what fits SOURCE",
            help="Whose container reads the model. stock: SageMaker's for PyTorch, which fetches ONNX Runtime from "
            "PyPI whenever it starts; slim: training/container/Dockerfile, built and pushed by you, which starts "
            "faster and needs no network; built-in: SageMaker's image classification, for what it has trained.",
        ),
    ] = None,
    image: Annotated[
        str | None, typer.Option(metavar="URI", help="The container's image in Amazon ECR, in the endpoint's region.")
    ] = None,
    serverless: Annotated[
        bool,
        typer.Option(
            "--serverless",
            help="Pay by the call, and nothing between calls; the first call after a pause waits for a container. "
            "This is the default.",
        ),
    ] = False,
    memory_mb: Annotated[
        int | None,
        typer.Option(
            show_default=str(MEMORY_MB),
            help="Serverless: 1024 to 6144, in steps of 1024. More memory brings more of a processor with it.",
        ),
    ] = None,
    max_concurrency: Annotated[
        int | None,
        typer.Option(
            show_default=str(CONCURRENCY),
            help="Serverless: calls at once, 1 to 200; no less than the functions' MaximumConcurrency.",
        ),
    ] = None,
    instance_type: Annotated[
        str | None,
        typer.Option(metavar="TYPE", help="Instances instead, such as ml.c7i.large."),
    ] = None,
    min_instances: Annotated[int | None, typer.Option(show_default="1", help="Instances: so many always run.")] = None,
    max_instances: Annotated[
        int | None,
        typer.Option(
            show_default="4", help="Instances: no more than these; as many as --min-instances switches scaling off."
        ),
    ] = None,
    calls_per_minute: Annotated[
        int | None,
        typer.Option(
            show_default=str(CALLS_PER_MINUTE),
            help="Instances: more are added when one gets more calls. A call carries a batch of faces (built-in: one).",
        ),
    ] = None,
    kms_key: Annotated[
        str | None,
        typer.Option(metavar="KEY", help="Instances: the KMS key that encrypts their disks."),
    ] = None,
    delete: Annotated[
        bool,
        typer.Option(
            "--delete",
            help="Delete the endpoint and all that deployments made for it; artifacts in S3 stay.",
        ),
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Delete without asking.")] = False,
    wait: Annotated[
        bool,
        typer.Option(
            help="Wait until the model serves, and ask it. Without, the same command later asks it, sets the scaling "
            "and tidies up."
        ),
    ] = True,
    dry_run: Annotated[
        bool,
        typer.Option("--dry-run", help="Look at what is there, print the requests as JSON, in order, and send none."),
    ] = False,
    region: Annotated[str | None, typer.Option(help="The AWS region.", show_default="that of the environment")] = None,
) -> None:
    """Put a model behind an endpoint that the functions call; or behind the same endpoint, a better one.

    deploy JOB --role ARN: the model of a training job, serverless.

    deploy model.tar.gz --bucket s3://BUCKET/models --role ARN --instance-type ml.c7i.large: a model of this machine, on
    one to four instances.

    deploy --endpoint mien-faces --delete: all of it gone.

    An endpoint that exists goes on serving while it is updated. On instances, a few calls try the new model first, and
    alarms that ring turn the update back. In the end the new model is asked, and if it answers badly, the endpoint
    serves again what it served before, which is kept. Run again after an interruption: what is done is not done twice.
    """
    from botocore.exceptions import BotoCoreError, ClientError, NoRegionError

    from training.hosting.inventory import clients_of

    check_endpoint(endpoint)
    try:
        clients = clients_of(region)
        if delete:
            if source:
                raise ValueError(f"--delete takes an endpoint, not a model: leave {source!r} out")
            take_away(endpoint, clients, yes, wait, dry_run)
            return
        if not source:
            raise ValueError("SOURCE is missing: a training job's name, s3://BUCKET/KEY/model.tar.gz, or a file")
        if not role:
            raise ValueError("--role ARN is missing: the role that SageMaker takes to read the artifact and the image")
        check_role(role)
        hosting = hosting_of(
            {"--serverless": serverless or None, "--memory-mb": memory_mb, "--max-concurrency": max_concurrency},
            {
                "--instance-type": instance_type,
                "--min-instances": min_instances,
                "--max-instances": max_instances,
                "--calls-per-minute": calls_per_minute,
                "--kms-key": kms_key,
            },
        )
        check_hosting(hosting, clients["sagemaker"].meta.service_model.shape_for("ProductionVariantInstanceType").enum)
        put_up(source, bucket, endpoint, role, container, image, hosting, clients, wait, dry_run)
    except NoRegionError:
        raise ValueError("no AWS region is set: --region eu-central-1, for instance, or AWS_DEFAULT_REGION") from None
    except ClientError as error:
        raise ValueError(sentence(error)) from None
    except BotoCoreError as error:
        raise ValueError(str(error)) from None
    except KeyboardInterrupt:
        errors.print(
            "Interrupted. What SageMaker has begun goes on: aws sagemaker describe-endpoint --endpoint-name "
            f"{endpoint} shows it, and the same command again waits for it and does the rest.",
            highlight=False,
            soft_wrap=True,
        )
        raise typer.Exit(130) from None


def put_up(
    given: str,
    bucket: str | None,
    endpoint: str,
    role: str,
    kind: Kind | None,
    image: str | None,
    hosting: Hosting,
    clients: "Clients",
    wait: bool,
    dry_run: bool,
) -> None:
    from training.hosting.inventory import look
    from training.hosting.plan import Wanted, check_against, deployment, serves
    from training.hosting.request import check
    from training.hosting.rollout import roll_out
    from training.hosting.source import container as container_of
    from training.hosting.source import source as source_of

    source = source_of(given, bucket, clients)
    container = container_of(kind, image, source, hosting, clients["sagemaker"].meta.region_name)
    wanted = Wanted(endpoint, role, source, container, hosting)
    waiting = waiter(endpoint, clients)
    if wait and not dry_run:
        # An earlier run may have been interrupted.
        waiting()
    found = look(endpoint, clients)
    check_against(wanted, found)
    now = datetime.now(UTC)
    if dry_run:
        requests = deployment(wanted, found, now)
        for request in requests:
            check(request, clients[request.service])
        show(requests)
        return
    changed = not serves(wanted, found)
    roll_out(wanted, found, now, clients, waiting if wait else None, pause)
    if changed and not wait:
        say(
            f"endpoint {endpoint} has begun to change; when aws sagemaker wait endpoint-in-service --endpoint-name "
            f"{endpoint} has returned, run this again: it asks the model, sets the scaling and tidies up"
        )
    else:
        say(f"endpoint {endpoint} serves {source.uri}" + ("" if changed else ", as it did before"))
    say(f"sam deploy --parameter-overrides EndpointName={endpoint} EndpointInput={container.takes}")


def take_away(endpoint: str, clients: "Clients", yes: bool, wait: bool, dry_run: bool) -> None:
    from training.hosting.inventory import look
    from training.hosting.plan import TRANSIENT, deletion
    from training.hosting.rollout import delete

    waiting = waiter(endpoint, clients)
    if wait and not dry_run:
        waiting()
    found = look(endpoint, clients)
    if found.status in TRANSIENT and not dry_run:
        raise ValueError(f"endpoint {endpoint} is {found.status}, and can't be deleted meanwhile: run this with --wait")
    requests = deletion(endpoint, found)
    if dry_run:
        show(requests)
        return
    if not requests:
        say(f"nothing is left of endpoint {endpoint}")
        return
    names = [name for request in requests for name in deleted_by(request)]
    if not yes:
        typer.confirm(f"Delete {', '.join(names)}?", abort=True)
    delete(endpoint, found, clients, waiting)
    for name in names:
        say(f"deleted: {name}")
    artifact = found.model.get("PrimaryContainer", {}).get("ModelDataUrl", "model artifacts")
    say(f"{artifact} stays in S3, where it costs its storage and nothing else")


def deleted_by(request: "Request") -> list[str]:
    """What a request of a deletion deletes, for people."""
    parameters = request.parameters
    match request.operation:
        case "delete_scaling_policy":
            return [f"scaling policy {parameters['PolicyName']}"]
        case "deregister_scalable_target":
            return [f"scalable target {parameters['ResourceId']}"]
        case "delete_endpoint":
            return [f"endpoint {parameters['EndpointName']}"]
        case "delete_endpoint_config":
            return [f"endpoint configuration {parameters['EndpointConfigName']}"]
        case "delete_model":
            return [f"model {parameters['ModelName']}"]
        case _:
            return [f"alarm {name}" for name in parameters["AlarmNames"]]


def waiter(endpoint: str, clients: "Clients") -> "Wait":
    """Waits for the endpoint, and shows its status and the time that it takes."""
    from training.hosting.inventory import settled

    def wait() -> "Description | None":
        columns = SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn()
        with Progress(*columns, console=errors, transient=True) as progress:
            task = progress.add_task(f"endpoint {endpoint}", total=None)

            def shown(status: str) -> None:
                progress.update(task, description=f"endpoint {endpoint}: {status}")

            return settled(endpoint, clients["sagemaker"], pause, shown)

    return wait


def pause() -> None:
    time.sleep(POLL)


def show(requests: "list[Request]") -> None:
    from training.hosting.request import printable

    typer.echo(json.dumps([printable(request) for request in requests], indent=2))


def say(words: str) -> None:
    console.print(words, highlight=False, soft_wrap=True, markup=False)


def sentence(error: Any) -> str:
    """A ClientError, for people."""
    code, message = error.response["Error"].get("Code"), error.response["Error"].get("Message")
    more = "; AWS raises it on request: Service Quotas, Amazon SageMaker" if code == "ResourceLimitExceeded" else ""
    return f"{error.operation_name}: {code}: {message}{more}"
