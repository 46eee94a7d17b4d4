"""Whether SageMaker could work with a role, by the role's policies as MiniStack's IAM evaluates them."""

import json
import re
from collections.abc import Iterable
from typing import Any

from botocore.exceptions import ClientError

from local.cloud import ACCOUNT, REGION
from training.s3_uri import parse_s3_uri

IMAGE = re.compile(r"(?P<registry>\d+)\.dkr\.ecr\.(?P<region>[^.]+)\.[^/]+/(?P<repository>[^:@]+)[:@].+")
TRUSTED = {"Service": "sagemaker.amazonaws.com"}
# The values that conditions of a trust policy are compared with when SageMaker assumes a role of this account.
SOURCE = {"aws:SourceAccount": ACCOUNT}
# An action and the ARN of what it is done with.
Need = tuple[str, str]


def needs_of_model(artifact: str, image: str) -> list[Need]:
    """What SageMaker does with the role when it creates a model. Raises ValueError if the image is not in Amazon ECR.

    Source: Amazon SageMaker AI Developer Guide, "CreateModel API: Execution Role Permissions".
    """
    bucket, key = parse_s3_uri(artifact)
    found = IMAGE.fullmatch(image)
    if not found:
        raise ValueError(f"{image} is not an image in Amazon ECR")
    repository = f"arn:aws:ecr:{found['region']}:{found['registry']}:repository/{found['repository']}"
    return [
        ("s3:GetObject", f"arn:aws:s3:::{bucket}/{key.removesuffix('/')}"),
        ("ecr:GetAuthorizationToken", "*"),
        *((f"ecr:{verb}", repository) for verb in ("BatchCheckLayerAvailability", "BatchGetImage")),
        ("ecr:GetDownloadUrlForLayer", repository),
    ]


def needs_of_alarms(names: Iterable[str]) -> list[Need]:
    """What SageMaker does with the role during an update that alarms can roll back."""
    return [("cloudwatch:DescribeAlarms", f"arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm:{name}") for name in names]


def fault_of_role(arn: str, needs: Iterable[Need], iam: Any) -> str:
    """Why SageMaker can't work with a role; empty if it can. iam: boto3's client."""
    try:
        role = iam.get_role(RoleName=arn.rpartition("/")[2])["Role"]
    except ClientError:
        return f'Please ensure that the role "{arn}" exists.'
    if not any(is_trusting(statement) for statement in role["AssumeRolePolicyDocument"]["Statement"]):
        return f'Please ensure that the trust policy of the role "{arn}" allows "sts:AssumeRole" for SageMaker.'
    for action, resource in needs:
        request = {"PolicySourceArn": arn, "ActionNames": [action], "ResourceArns": [resource]}
        [result] = iam.simulate_principal_policy(**request)["EvaluationResults"]
        if result["EvalDecision"] != "allowed":
            return f'Please ensure that the role "{arn}" allows "{action}" for {resource}.'
    return ""


def create_role(iam: Any, name: str, *actions: str) -> str:
    """Creates a role that trusts SageMaker and allows these actions for everything, and returns its ARN."""
    trust = {"Effect": "Allow", "Principal": TRUSTED, "Action": "sts:AssumeRole"}
    role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=document(trust))["Role"]
    if actions:
        allowed = document({"Effect": "Allow", "Action": list(actions), "Resource": "*"})
        iam.put_role_policy(RoleName=name, PolicyName="allowed", PolicyDocument=allowed)
    return str(role["Arn"])


def document(statement: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def is_trusting(statement: dict[str, Any]) -> bool:
    conditions = [pair for tests in statement.get("Condition", {}).values() for pair in tests.items()]
    return (
        statement["Effect"] == "Allow"
        and statement["Action"] == "sts:AssumeRole"
        and statement["Principal"] == TRUSTED
        and all(SOURCE.get(key) == value for key, value in conditions)
    )
