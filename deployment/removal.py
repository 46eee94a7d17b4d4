"""What has to be done to remove a deployment, and in which order, given what the account has of it."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Literal

from deployment.names import Names
from deployment.stacks import Stack
from deployment.tags import is_marked
from operate.connection import BucketSettings, disconnected
from operate.stack import OWN_PARAMETERS
from operate.versions import Count

# Parameters that only hosting.yaml has. Another application's stack is never deleted.
HOSTING_PARAMETERS = frozenset({"EndpointName", "ArtifactBucket", "ModelKey"})
# A resource with one of these does not exist, or it was never the stack's own.
NOT_CREATED = ("CREATE_FAILED", "DELETE_COMPLETE")


@dataclass(frozen=True)
class Bucket:
    """A bucket of the account, and everything in it, all versions included.

    is_own: whether something shows that it belongs to the deployment.
    """

    name: str
    count: Count = field(default_factory=Count)
    is_own: bool = True


@dataclass(frozen=True)
class Endpoint:
    """An endpoint as SageMaker describes it.

    maker: what has made it: the hosting stack, `training deploy` or something else.
    instance_type, instances: of its only variant; empty and 0 if it is serverless, or if another maker has made it.
    """

    name: str
    status: str
    maker: Literal["hosting", "training", "other"]
    instance_type: str = ""
    instances: int = 0

    @property
    def is_own(self) -> bool:
        """Whether it belongs to the deployment."""
        return self.maker == "hosting"


@dataclass(frozen=True)
class Deployment:
    """What the account has of a deployment. None is what does not exist.

    application, hosting: the stacks of template.yaml and of hosting.yaml.
    bucket, artifacts: the buckets of images and of artifacts that have the deployment's own names.
    existing_bucket: the bucket that the application uses but that existed before it.
    endpoint: the endpoint that the hosting stack has, or that the application uses.
    stuck: why CloudFormation could not delete resources, by the stack's name and the logical ID.
    logs: the log group that SageMaker has made for the endpoint of the hosting stack.
    """

    names: Names
    application: Stack | None = None
    hosting: Stack | None = None
    bucket: Bucket | None = None
    artifacts: Bucket | None = None
    existing_bucket: str | None = None
    endpoint: Endpoint | None = None
    stuck: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    logs: str | None = None

    @property
    def stacks(self) -> list[Stack]:
        return [stack for stack in (self.application, self.hosting) if stack]

    @property
    def buckets(self) -> list[Bucket]:
        """The deployment's own buckets."""
        return [bucket for bucket in (self.bucket, self.artifacts) if bucket and bucket.is_own]


class Action(Enum):
    MARK_BUCKET = "mark the bucket as the stack's"
    DISCONNECT_BUCKET = "disconnect the bucket from the stack"
    DELETE_STACK = "delete the stack"
    SETTLE_ENDPOINT = "wait until the endpoint is not changing"
    DELETE_ENDPOINT = "delete the endpoint, which its stack has left"
    DELETE_LOGS = "delete the logs"
    DELETE_BUCKET = "delete the bucket with everything in it"


DELETIONS = (Action.DELETE_STACK, Action.DELETE_ENDPOINT, Action.DELETE_LOGS, Action.DELETE_BUCKET)


@dataclass(frozen=True)
class Step:
    """One step of a removal.

    target: the name of what the action is about.
    after: names of stacks and buckets that have to be gone before. If one of them can't be deleted, this step is left
        out.
    """

    action: Action
    target: str
    after: tuple[str, ...] = ()


def plan_removal(found: Deployment, keep_data: bool) -> list[Step]:
    """Returns the steps that remove a deployment, in order.

    keep_data: keep both buckets with everything in them.

    The application goes first, so that no image reaches the endpoint while it is deleted. The endpoint goes before the
    buckets: on instances it costs by the hour, and it takes long to empty a bucket. The buckets go last, when nothing
    writes to them or reads from them any more.
    """
    steps = []
    names, application = found.names, found.application
    own_bucket = found.bucket.name if found.bucket and found.bucket.is_own else None
    if application and found.existing_bucket:
        steps.append(Step(Action.DISCONNECT_BUCKET, found.existing_bucket))
    if own_bucket and (application or keep_data):
        steps.append(Step(Action.MARK_BUCKET, own_bucket))
    if application:
        steps.append(Step(Action.DELETE_STACK, application.name))
    endpoint = found.endpoint.name if found.endpoint and found.endpoint.is_own else None
    if endpoint:
        steps.append(Step(Action.SETTLE_ENDPOINT, endpoint))
    if found.hosting:
        steps.append(Step(Action.DELETE_STACK, found.hosting.name))
    elif endpoint:
        steps.append(Step(Action.DELETE_ENDPOINT, endpoint))
    if found.logs:
        steps.append(Step(Action.DELETE_LOGS, found.logs, (names.model_stack,)))
    if own_bucket:
        action = Action.DISCONNECT_BUCKET if keep_data else Action.DELETE_BUCKET
        steps.append(Step(action, own_bucket, (names.stack,)))
    if found.artifacts and found.artifacts.is_own and not keep_data:
        steps.append(Step(Action.DELETE_BUCKET, found.artifacts.name, (names.stack, names.model_stack)))
    return steps


def deletes_anything(steps: Collection[Step]) -> bool:
    return any(step.action in DELETIONS for step in steps)


def find_obstacles(found: Deployment) -> list[str]:
    """Returns why the deployment must not or can't be removed, one sentence each. Nothing may be deleted then."""
    obstacles = []
    for stack, own_parameters, template in (
        (found.application, OWN_PARAMETERS, "template.yaml"),
        (found.hosting, HOSTING_PARAMETERS, "hosting.yaml"),
    ):
        if stack is None:
            continue
        missing = own_parameters - stack.parameters.keys()
        # CloudFormation describes a stack that has only a change set without parameters, and such a stack is empty.
        if missing and (stack.parameters or stack.status != "REVIEW_IN_PROGRESS"):
            obstacles.append(
                f"stack {stack.name} is not a stack of Mien: it has no parameter {min(missing)}, which {template} has"
            )
        elif stack.is_protected:
            obstacles.append(
                f"stack {stack.name} has termination protection; to switch it off: aws cloudformation "
                f"update-termination-protection --no-enable-termination-protection --stack-name {stack.name}"
            )
    return obstacles


def used_bucket(names: Names, application: Stack | None) -> str | None:
    """The bucket that the application uses although it is not named as the deployment's own; None if there is none."""
    existing = application.parameters.get("ExistingBucket", "") if application else ""
    return existing if existing not in ("", names.bucket) else None


def is_own_bucket(
    names: Names,
    application: Stack | None,
    resource_status: str | None,
    tags: Mapping[str, str],
    settings: BucketSettings,
) -> bool:
    """Returns whether the bucket with the name that template.yaml gives belongs to the deployment.

    Buckets of other applications can have such a name too. Three things show that it is the deployment's: the stack has
    created it or has adopted it, a tag names the stack, or the bucket's settings have entries of the stack.

    resource_status: of the stack's bucket; None if the stack has none.
    """
    if application and application.parameters.get("ExistingBucket") == names.bucket:
        return True
    return (
        was_created(resource_status) or is_marked(names.stack, tags) or disconnected(settings, names.stack) != settings
    )


def was_created(resource_status: str | None) -> bool:
    """Whether a stack has created a resource and has not deleted it. resource_status: None if there is none."""
    return resource_status is not None and resource_status not in NOT_CREATED


def is_own_artifacts_bucket(count: Count, stack: str, tags: Mapping[str, str]) -> bool:
    """Returns whether the bucket with the name that a deployment gives to its artifacts is the deployment's.

    A deployment can be interrupted before it has set the tag, and the bucket is still empty then.
    """
    return not count.total or is_marked(stack, tags)


def endpoint_name(names: Names, application: Stack | None, hosting: Stack | None) -> str:
    """The endpoint that the hosting stack has, or else that the application uses."""
    for stack in (hosting, application):
        if stack and "EndpointName" in stack.parameters:
            return stack.parameters["EndpointName"]
    return names.endpoint


def loss(found: Deployment, keep_data: bool) -> str:
    """Says what will be lost for good, as the beginning of a question."""
    counts = [] if keep_data else [bucket.count for bucket in found.buckets]
    objects, versions = sum(count.objects for count in counts), sum(count.versions for count in counts)
    if keep_data:
        return "No object will be lost"
    if not versions:
        return "No object is there to be lost"
    return f"{plural(objects, 'object')} with {plural(versions, 'version')} will be lost for good"


def plural(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
