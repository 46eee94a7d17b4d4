"""What the endpoint runs on: from options and from what is deployed already, to the parameters of hosting.yaml."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from deployment.errors import DeploymentError
from training.hosting.container import Container
from training.hosting.options import Hosting, Instances, Serverless, parse_hosting


@dataclass(frozen=True)
class Access:
    """What an account may require of roles, keys and networks. An empty text is none; None keeps what is deployed.

    role: ARN of the role that SageMaker assumes; without one, the stack makes it.
    boundary: ARN of the policy that limits the roles that are made.
    kms_key: ARN of the key that encrypts buckets and disks.
    subnets, security_groups: IDs, separated by commas.
    """

    role: str | None = None
    boundary: str | None = None
    kms_key: str | None = None
    subnets: str | None = None
    security_groups: str | None = None


def deployed_hosting(parameters: Mapping[str, str]) -> Hosting:
    """What a deployed stack of hosting.yaml runs on. parameters: the stack's, by name."""
    if not parameters["InstanceType"]:
        return Serverless(int(parameters["MemoryMb"]), int(parameters["MaxConcurrency"]))
    return Instances(
        parameters["InstanceType"],
        int(parameters["MinInstances"]),
        int(parameters["MaxInstances"]),
        int(parameters["CallsPerMinute"]),
    )


def choose_hosting(serverless: Mapping[str, Any], instances: Mapping[str, Any], deployed: Hosting | None) -> Hosting:
    """What the endpoint should run on.

    serverless, instances: the options of each kind, by their names, with None for those that were not given.
    deployed: what it runs on already; options that were not given keep its values.

    Raises ValueError if the options contradict one another, and DeploymentError if SageMaker can't change the endpoint.
    """
    wants_serverless = any(value is not None for value in serverless.values())
    wants_instances = any(value is not None for value in instances.values())
    if isinstance(deployed, Instances) and wants_serverless:
        # Amazon SageMaker AI Developer Guide, "Deploy models with Amazon SageMaker Serverless Inference", exclusions.
        raise DeploymentError(
            "the endpoint runs on instances, and SageMaker can't make it serverless: remove it first with "
            "make undeploy OPTIONS=--keep-data, or deploy another stack with --stack NAME"
        )
    if isinstance(deployed, Serverless) and not wants_instances:
        serverless = filled(serverless, {"--memory-mb": deployed.memory_mb, "--max-concurrency": deployed.concurrency})
    if isinstance(deployed, Instances):
        instances = filled(
            instances,
            {
                "--instance-type": deployed.type,
                "--min-instances": deployed.minimum,
                "--max-instances": deployed.maximum,
                "--calls-per-minute": deployed.calls_per_minute,
            },
        )
    return parse_hosting(serverless, instances)


def filled(options: Mapping[str, Any], deployed: Mapping[str, Any]) -> dict[str, Any]:
    """The options, with the deployed values for those that were not given."""
    return {**options, **{name: value for name, value in deployed.items() if options.get(name) is None}}


def model_parameters(bucket: str, key: str, container: Container) -> dict[str, str]:
    """The parameters of hosting.yaml that say which model is served, and by which container."""
    return {"ArtifactBucket": bucket, "ModelKey": key, "Image": container.image, "Container": container.kind}


def hosting_parameters(hosting: Hosting) -> dict[str, str]:
    """The parameters of hosting.yaml that say what the endpoint runs on."""
    if isinstance(hosting, Serverless):
        values: dict[str, Any] = {
            "InstanceType": "",
            "MemoryMb": hosting.memory_mb,
            "MaxConcurrency": hosting.concurrency,
        }
    else:
        values = {
            "InstanceType": hosting.type,
            "MinInstances": hosting.minimum,
            "MaxInstances": hosting.maximum,
            "CallsPerMinute": hosting.calls_per_minute,
            "Scaling": "active",
        }
    return {name: str(value) for name, value in values.items()}


def access_parameters(access: Access, hosting: Hosting) -> dict[str, str]:
    """The parameters of hosting.yaml that were given about roles, keys and networks.

    A serverless endpoint can be in no VPC (the same page, exclusions), so only the functions are.
    """
    values = {
        "ExecutionRoleArn": access.role,
        "PermissionsBoundary": access.boundary,
        "KmsKeyArn": access.kms_key,
        "SubnetIds": access.subnets if isinstance(hosting, Instances) else None,
        "SecurityGroupIds": access.security_groups if isinstance(hosting, Instances) else None,
    }
    return {name: value for name, value in values.items() if value is not None}


def must_stop_scaling_first(before: Hosting | None, after: Hosting) -> bool:
    """Whether auto scaling has to be removed before the endpoint is updated: its instances become others.

    Source: Amazon SageMaker AI Developer Guide, "Update endpoints that use auto scaling".
    """
    if not isinstance(before, Instances) or not before.has_scaling:
        return False
    return not isinstance(after, Instances) or before.type != after.type
