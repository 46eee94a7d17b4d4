"""The embedded cloud with the application in it, where the policies of IAM are enforced.

Each function has the credentials of its role, and MiniStack checks every signature. The bucket and the queues refuse
requests without TLS, so the cloud is used through a proxy with a certificate.
"""

import contextlib
import json
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import boto3
import pytest
from botocore.config import Config

from local.cloud import REGION, STACK, Cloud
from local.processes import start_cloud
from local.stack import create_stack, finish_deployment
from tests.support.proxy import proxy
from tests.support.stack import TEMPLATE, as_list, properties_of

Policy = dict[str, Any]
# The logical IDs of the functions' roles. The embedded cloud has no CodeDeploy, so the stack has no role for it there.
FUNCTION_ROLES = [f["Role"]["Fn::GetAtt"][0] for f in properties_of(TEMPLATE, "AWS::Lambda::Function").values()]
# SQS accepts a batch from those who may send or delete single messages. MiniStack looks for permissions with the names
# of the batches, which IAM does not have. Source: Amazon SQS API Reference, "AddPermission", ActionName.
BATCHES = {"sqs:SendMessage": ["sqs:SendMessageBatch"], "sqs:DeleteMessage": ["sqs:DeleteMessageBatch"]}


class Doors(NamedTuple):
    """The same cloud, through TLS and without."""

    cloud: Cloud
    without_tls: Cloud


@contextlib.contextmanager
def start_enforcing(folder: Path, **parameters: str) -> Iterator[Doors]:
    """Deploys the template. This process trusts the proxy's certificate until the block ends.

    folder: for the certificate.
    parameters: of the template, as for create_stack.
    """
    certificate = make_certificate(folder)
    with contextlib.ExitStack() as stack:
        trust = stack.enter_context(pytest.MonkeyPatch.context())
        trust.setenv("AWS_CA_BUNDLE", str(certificate))
        trust.setenv("SSL_CERT_FILE", str(certificate))
        door = stack.enter_context(proxy(certificate))
        variables = {"AUTH": "true", "AWS_ENDPOINT_URL": door.url, "AWS_CA_BUNDLE": str(certificate)}
        plain = stack.enter_context(start_cloud(variables=variables))
        door.upstream = plain.url
        secure = replace(plain, url=door.url)
        create_stack(secure, **parameters)
        deployed = finish_deployment(secure)
        for role in FUNCTION_ROLES:
            give_batches(deployed, role)
        yield Doors(deployed, replace(deployed, url=plain.url))


def make_certificate(folder: Path) -> Path:
    """Returns a PEM file with a new private key and a certificate for 127.0.0.1."""
    key, certificate, both = (folder / name for name in ("key.pem", "certificate.pem", "both.pem"))
    request = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=127.0.0.1"]
    files = ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(key), "-out", str(certificate)]
    subprocess.run([*request, *files], check=True, capture_output=True)
    both.write_bytes(key.read_bytes() + certificate.read_bytes())
    return both


def physical_name(cloud: Cloud, logical_id: str) -> str:
    """The name of a resource of the stack."""
    answer = cloud.client("cloudformation").describe_stack_resource(StackName=STACK, LogicalResourceId=logical_id)
    return str(answer["StackResourceDetail"]["PhysicalResourceId"])


def give_batches(cloud: Cloud, role: str) -> None:
    """Adds the names of batches to a role's policy, and gives each permission a statement of its own."""
    document = read_policy(cloud, role)
    statements = [
        {**statement, "Sid": "", "Action": [action, *BATCHES.get(action, [])], "Resource": resource}
        for statement in document["Statement"]
        for action in as_list(statement["Action"])
        for resource in as_list(statement["Resource"])
    ]
    write_policy(cloud, role, {**document, "Statement": statements})


@contextlib.contextmanager
def without_permission(cloud: Cloud, role: str, number: int) -> Iterator[None]:
    """Takes one permission away from a role until the block ends.

    number: place among the role's permissions, in the order of tests.support.stack.permissions.
    """
    document = read_policy(cloud, role)
    statements = document["Statement"]
    write_policy(cloud, role, {**document, "Statement": statements[:number] + statements[number + 1 :]})
    try:
        yield
    finally:
        write_policy(cloud, role, document)


def read_policy(cloud: Cloud, role: str) -> Policy:
    """The only policy of a role. role: logical ID."""
    iam, name = cloud.client("iam"), physical_name(cloud, role)
    [policy] = iam.list_role_policies(RoleName=name)["PolicyNames"]
    document: Policy = iam.get_role_policy(RoleName=name, PolicyName=policy)["PolicyDocument"]
    return document


def write_policy(cloud: Cloud, role: str, document: Policy) -> None:
    iam, name = cloud.client("iam"), physical_name(cloud, role)
    [policy] = iam.list_role_policies(RoleName=name)["PolicyNames"]
    iam.put_role_policy(RoleName=name, PolicyName=policy, PolicyDocument=json.dumps(document))


def make_user(cloud: Cloud, name: str, *statements: Policy) -> dict[str, str]:
    """Creates an IAM user who may do what the statements say. Returns an access key, as arguments of boto3.client."""
    iam = cloud.client("iam")
    iam.create_user(UserName=name)
    policy = json.dumps({"Version": "2012-10-17", "Statement": statements})
    iam.put_user_policy(UserName=name, PolicyName="policy", PolicyDocument=policy)
    key = iam.create_access_key(UserName=name)["AccessKey"]
    return {"aws_access_key_id": key["AccessKeyId"], "aws_secret_access_key": key["SecretAccessKey"]}


def client_of(user: dict[str, str], cloud: Cloud, service: str) -> Any:
    """A boto3 client with a user's access key."""
    config = Config(proxies={}, retries={"total_max_attempts": 1})
    return boto3.client(service, endpoint_url=cloud.url, region_name=REGION, config=config, **user)
