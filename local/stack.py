"""Deploys the application into the embedded cloud from template.yaml, and connects to a stack that is deployed."""

import contextlib
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from botocore.exceptions import WaiterError

from local import template
from local.cloud import ENDPOINT_NAME, STACK, Cloud, CloudError
from local.package import zip_functions, zip_layer
from local.paths import MODEL
from local.processes import NO_VARIABLES, log_tail, start_cloud

# The bucket with the functions' code and the template.
CODE_BUCKET = f"{STACK}-code"
TEMPLATE_KEY = "template.json"
# Seconds between two questions about the stack's state, and the number of questions: one minute in all.
POLL_SECONDS = 0.2
POLLS = 300
# Lambda's own minimum for the MaximumConcurrency of an event source mapping.
MIN_CONCURRENCY = 2


@contextlib.contextmanager
def start_application(
    port: int | None = None,
    model: str | Path = MODEL,
    variables: Mapping[str, str] = NO_VARIABLES,
    **parameters: str,
) -> Iterator[Cloud]:
    """Runs an embedded cloud with the whole application in it, until the block ends.

        with start_application() as cloud:
            cloud.client("s3").upload_file("face.png", cloud.bucket, cloud.prefix("Inbox") + "face.png")

    port, model, variables: see local.processes.start_cloud.
    parameters: of the template, see create_stack.

    Raises CloudError if the cloud can't start or the stack can't be created.
    """
    with start_cloud(port, model, variables) as cloud:
        create_stack(cloud, **parameters)
        yield finish_deployment(cloud)


def template_url(cloud: Cloud) -> str:
    """Where CloudFormation reads the template. It is in a bucket, because a request may have only 51,200 bytes of it.

    Source: AWS CloudFormation User Guide, "Understand CloudFormation quotas".
    """
    return f"{cloud.url}/{CODE_BUCKET}/{TEMPLATE_KEY}"


def create_stack(cloud: Cloud, **parameters: str) -> None:
    """Uploads the functions' package and the layer, and creates the stack from template.yaml through CloudFormation.

    parameters: values of template parameters; the others have those of stack_parameters, or their defaults.

    Raises CloudError if CloudFormation reports a failure.
    """
    s3, cloudformation = cloud.client("s3"), cloud.client("cloudformation")
    s3.create_bucket(Bucket=CODE_BUCKET)
    uploads = {
        template.FUNCTIONS_KEY: zip_functions(),
        template.LAYER_KEY: zip_layer(),
        TEMPLATE_KEY: json.dumps(template.packaged_template(CODE_BUCKET)).encode(),
    }
    for key, content in uploads.items():
        s3.put_object(Bucket=CODE_BUCKET, Key=key, Body=content)
    cloudformation.create_stack(
        StackName=STACK,
        TemplateURL=template_url(cloud),
        Parameters=[
            {"ParameterKey": name, "ParameterValue": value} for name, value in (stack_parameters() | parameters).items()
        ],
        Capabilities=["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"],
    )
    try:
        waiter = cloudformation.get_waiter("stack_create_complete")
        waiter.wait(StackName=STACK, WaiterConfig={"Delay": POLL_SECONDS, "MaxAttempts": POLLS})
    except WaiterError as error:
        raise CloudError(f"the stack was not created: {stack_failures(cloudformation)}{log_tail()}") from error


def stack_parameters() -> dict[str, str]:
    """The template's parameters whose values in the embedded cloud differ from their defaults.

    More batches at once than cores would only slow each other down: each starts a process, and the model and MiniStack
    need the same cores.
    """
    allowed = int(template.default_parameters()["MaximumConcurrency"])
    concurrency = max(MIN_CONCURRENCY, min(allowed, os.cpu_count() or 1))
    return {"EndpointName": ENDPOINT_NAME, "MaximumConcurrency": str(concurrency)}


def finish_deployment(cloud: Cloud) -> Cloud:
    """Sets what MiniStack does not apply from the template, and returns the cloud with the stack's outputs.

    MiniStack passes a Number parameter on as text, and its poller can't compare text with numbers: the concurrency of
    each event source mapping is set again. MiniStack also ignores the gateway responses in the API's definition.
    """
    functions = cloud.client("lambda")
    for mapping in functions.list_event_source_mappings()["EventSourceMappings"]:
        concurrency = int(mapping["ScalingConfig"]["MaximumConcurrency"])
        functions.update_event_source_mapping(UUID=mapping["UUID"], ScalingConfig={"MaximumConcurrency": concurrency})
    connected = connect_stack(cloud)
    set_gateway_responses(connected)
    return connected


def set_gateway_responses(cloud: Cloud, **parameters: str) -> None:
    """Sets API Gateway's own responses as the template has them.

    parameters: values of template parameters; the others have their defaults.
    """
    gateway = cloud.client("apigateway")
    for response_type, response in template.gateway_responses(**parameters).items():
        status = {"statusCode": str(response["statusCode"])} if "statusCode" in response else {}
        gateway.put_gateway_response(
            restApiId=cloud.api_id,
            responseType=response_type,
            responseParameters=response["responseParameters"],
            responseTemplates=response["responseTemplates"],
            **status,
        )
    [stage] = gateway.get_stages(restApiId=cloud.api_id)["item"]
    gateway.create_deployment(restApiId=cloud.api_id, stageName=stage["stageName"])


def connect_stack(cloud: Cloud) -> Cloud:
    """Returns the cloud with the outputs of the stack that is deployed in it."""
    [description] = cloud.client("cloudformation").describe_stacks(StackName=STACK)["Stacks"]
    return replace(cloud, outputs={output["OutputKey"]: output["OutputValue"] for output in description["Outputs"]})


def stack_failures(cloudformation: Any) -> str:
    """The resources that CloudFormation could not create, each with the reason."""
    events = cloudformation.describe_stack_events(StackName=STACK)["StackEvents"]
    failed = [event for event in events if event["ResourceStatus"].endswith("FAILED")]
    return "; ".join(f"{event['LogicalResourceId']}: {event.get('ResourceStatusReason', '')}" for event in failed)
