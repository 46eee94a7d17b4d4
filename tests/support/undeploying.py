"""A deployment in the tests' account, whole or in parts, and what `undeploy` leaves of it.

The stacks are small, so that a state is made in a moment. They have the names, the parameters and the buckets of the
real ones.
"""

import json
from dataclasses import dataclass, field
from typing import Any

from deployment.artifacts import prepare_bucket
from deployment.inventory import SERVICES
from deployment.names import Names
from deployment.stacks import wait_until_settled
from deployment.undeploy import Undeployment
from local.cloud import ACCOUNT, REGION, STACK
from tests.support.account import Account

NAMES = Names(STACK, ACCOUNT, REGION)
LOGS = f"/aws/sagemaker/Endpoints/{NAMES.endpoint}"
MODEL_KEY = "models/1/model.tar.gz"
MODEL_URI = f"s3://{NAMES.artifacts_bucket}/{MODEL_KEY}"
IMAGE = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/mien:1"
# The rule by which a bucket is known when its stack is gone. MiniStack does not set CloudFormation's tag.
UPLOADS = {"Id": f"{STACK}-uploads", "AllowedOrigins": ["*"], "AllowedMethods": ["POST"]}
# A role that the account has already.
ROLE = "serving"
SERVERLESS = {"ServerlessConfig": {"MemorySizeInMB": 2048, "MaxConcurrency": 5}}
INSTANCES = {"InstanceType": "ml.c7i.large", "InitialInstanceCount": 2}
# Resource types whose creation always fails, and whose deletion fails as long as somebody else uses the resource.
FAILING = {"Type": "AWS::SQS::Queue", "Properties": {"MessageRetentionPeriod": 1}}
NETWORK = {"Type": "AWS::EC2::VPC", "Properties": {"CidrBlock": "10.0.0.0/16"}}

Resources = dict[str, Any]


@dataclass
class Deployments:
    """Makes deployments in an account, and removes them. questions: what `undeploy` has asked."""

    account: Account
    questions: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.clients = {service: self.account.client(service) for service in (*SERVICES, "sqs", "ec2", "sts")}
        self.s3, self.cloudformation = self.clients["s3"], self.clients["cloudformation"]

    def create(self, name: str, template: Resources, parameters: dict[str, str], **options: Any) -> str:
        """Creates a stack. Returns the status in which that ends."""
        self.start(name, template, parameters, **options)
        return self.settle(name)

    def start(self, name: str, template: Resources | str, parameters: dict[str, str], **options: Any) -> None:
        """Begins to create a stack, and does not wait."""
        self.cloudformation.create_stack(**request(name, template, parameters), **options)

    def update(self, name: str, template: Resources, parameters: dict[str, str]) -> str:
        """Updates a stack. Returns the status in which that ends."""
        self.cloudformation.update_stack(**request(name, template, parameters))
        return self.settle(name)

    def review(self, name: str, template: Resources, parameters: dict[str, str]) -> None:
        """Makes a change set of a new stack, and does not execute it."""
        named = {"ChangeSetName": "first", "ChangeSetType": "CREATE"}
        self.cloudformation.create_change_set(**request(name, template, parameters), **named)

    def settle(self, name: str) -> str:
        """Waits until a stack is not changing. Returns its status."""
        stack = wait_until_settled(self.cloudformation, name, lambda: None, lambda progress: None)
        return stack.status if stack else "DELETE_COMPLETE"

    def application(self, more: Resources | None = None, policy: str = "RetainExceptOnCreate", **changed: Any) -> str:
        """Creates the application's stack. more: further resources. changed: parameters, or options of the request."""
        options = {name: changed.pop(name) for name in list(changed) if name in ("DisableRollback",)}
        parameters = application_parameters() | changed
        return self.create(STACK, application_template(more or {}, policy), parameters, **options)

    def hosting(self, variant: Resources = SERVERLESS, more: Resources | None = None, **options: Any) -> str:
        """Creates the bucket of artifacts and the hosting stack."""
        self.artifacts()
        return self.create(NAMES.model_stack, hosting_template(variant, more or {}), hosting_parameters(), **options)

    def artifacts(self) -> None:
        prepare_bucket(self.s3, NAMES, None)
        self.s3.put_object(Bucket=NAMES.artifacts_bucket, Key=MODEL_KEY, Body=b"model")

    def images(self, bucket: str = NAMES.bucket) -> None:
        """Fills a bucket: an image with two versions, a deleted one, and a document."""
        for key in ("inbox/a.png", "inbox/a.png", "inbox/gone.png", "results/a.png.json"):
            self.s3.put_object(Bucket=bucket, Key=key, Body=b"1234")
        self.s3.delete_object(Bucket=bucket, Key="inbox/gone.png")

    def logs(self) -> None:
        """SageMaker makes this log group when an endpoint starts."""
        self.clients["logs"].create_log_group(logGroupName=LOGS)

    def whole(self) -> None:
        assert self.hosting() == "CREATE_COMPLETE"
        self.logs()
        assert self.application() == "CREATE_COMPLETE"
        self.images()

    def undeploy(self, keep_data: bool = False, dry_run: bool = False) -> bool:
        """Runs the command. Returns whether nothing is left that should be gone."""
        return Undeployment(self.clients, NAMES, keep_data, dry_run, self.questions.append, pause=lambda: None).run()

    def left(self) -> set[str]:
        """The names of all stacks, buckets, endpoints and their parts, queues and endpoints' log groups of the account.

        The log groups of functions are left out: MiniStack makes one again if a function ends after its stack is
        deleted. On AWS, the functions' roles may make none.
        """
        account, sqs = self.account, self.clients["sqs"]
        groups = self.clients["logs"].describe_log_groups(logGroupNamePrefix="/aws/sagemaker/")["logGroups"]
        stacks = self.cloudformation.describe_stacks()["Stacks"]
        queues = [url.rpartition("/")[2] for url in sqs.list_queues().get("QueueUrls", [])]
        return {
            *(stack["StackName"] for stack in stacks if stack["StackStatus"] != "DELETE_COMPLETE"),
            *(bucket["Name"] for bucket in self.s3.list_buckets()["Buckets"]),
            *account.sagemaker.endpoints,
            *account.sagemaker.configs,
            *account.sagemaker.models,
            *("a queue" for _ in queues),
            *(group["logGroupName"] for group in groups),
        }

    def keys(self, bucket: str) -> list[str]:
        """The keys of all versions and delete markers in a bucket."""
        listed = self.s3.list_object_versions(Bucket=bucket)
        return sorted(each["Key"] for kind in ("Versions", "DeleteMarkers") for each in listed.get(kind, []))


def request(name: str, template: Resources | str, parameters: dict[str, str]) -> dict[str, Any]:
    body = template if isinstance(template, str) else json.dumps(template)
    given = [{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()]
    return {"StackName": name, "TemplateBody": body, "Parameters": given}


def application_parameters() -> dict[str, str]:
    return {
        "EndpointName": NAMES.endpoint,
        "InboxPrefix": "inbox/",
        "ResultsPrefix": "results/",
        "RejectedPrefix": "rejected/",
        "ExistingBucket": "",
        "Notifications": "direct",
    }


def hosting_parameters() -> dict[str, str]:
    return {"EndpointName": NAMES.endpoint, "ArtifactBucket": NAMES.artifacts_bucket, "ModelKey": MODEL_KEY}


def application_template(more: Resources, policy: str) -> Resources:
    return {
        "Parameters": {name: {"Type": "String"} for name in application_parameters()},
        "Conditions": {"BucketIsCreated": {"Fn::Equals": [{"Ref": "ExistingBucket"}, ""]}},
        "Resources": {
            "Queue": {"Type": "AWS::SQS::Queue"},
            "Bucket": {
                "Type": "AWS::S3::Bucket",
                "Condition": "BucketIsCreated",
                "DeletionPolicy": policy,
                "Properties": {
                    "BucketName": NAMES.bucket,
                    "VersioningConfiguration": {"Status": "Enabled"},
                    "CorsConfiguration": {"CorsRules": [UPLOADS]},
                },
            },
            **more,
        },
    }


def hosting_template(variant: Resources, more: Resources) -> Resources:
    url = {"Fn::Sub": "s3://${ArtifactBucket}/${ModelKey}"}
    container = {"Image": IMAGE, "ModelDataUrl": url}
    named = {"VariantName": "AllTraffic", "ModelName": {"Fn::GetAtt": ["Model", "ModelName"]}}
    config = {"Fn::GetAtt": ["EndpointConfig", "EndpointConfigName"]}
    properties: dict[str, Resources] = {
        "Model": {"PrimaryContainer": container, "ExecutionRoleArn": f"arn:aws:iam::{ACCOUNT}:role/{ROLE}"},
        "EndpointConfig": {"ProductionVariants": [{**named, **variant}]},
        "Endpoint": {"EndpointName": {"Ref": "EndpointName"}, "EndpointConfigName": config},
    }
    resources = {name: {"Type": f"AWS::SageMaker::{name}", "Properties": each} for name, each in properties.items()}
    return {"Parameters": {name: {"Type": "String"} for name in hosting_parameters()}, "Resources": resources | more}
