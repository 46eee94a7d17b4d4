"""A deployment moves the endpoint to other instances, and returns it if its model does not answer as it should."""

import json
from collections.abc import Iterator
from dataclasses import replace

import pytest

from deployment.endpoint import deploy_endpoint
from deployment.errors import DeploymentError
from deployment.hosting import Access
from deployment.model import PreparedModel
from deployment.names import Names
from local.cloud import ACCOUNT, ENDPOINT_NAME, REGION, STACK
from local.paths import MODEL
from mien.logic.contract import Contract, parse_contract
from tests.support.account import Account, start_account
from tests.support.hosting_stack import BUCKET, REQUIRED, key_of, uri_of
from training.hosting.container import Container
from training.hosting.inventory import make_clients
from training.hosting.options import Instances
from training.hosting.packing import check_model

SMALL, LARGE = Instances("ml.c7i.large", 1, 4), Instances("ml.c7i.xlarge", 1, 4)
# What the served model says of itself, and what another one would say.
SERVED = parse_contract(json.dumps(check_model(MODEL).description).encode())
OTHER = replace(SERVED, labels=("cat", "dog"))


@pytest.fixture(scope="module")
def account() -> Iterator[Account]:
    with start_account() as started, pytest.MonkeyPatch.context() as environment:
        for name, value in started.environment.items():
            environment.setenv(name, value)
        started.client("s3").create_bucket(Bucket=BUCKET)
        for model in ("1", "2"):
            started.client("s3").put_object(Bucket=BUCKET, Key=key_of(model), Body=b"")
        yield started


def deploy(account: Account, model: str, contract: Contract, hosting: Instances) -> None:
    prepared = PreparedModel(key_of(model), Container("stock", REQUIRED["Image"]), contract, store=lambda: None)
    clients = make_clients(REGION)
    cloudformation = account.client("cloudformation")
    deploy_endpoint(Names(STACK, ACCOUNT, REGION), prepared, hosting, Access(), clients, cloudformation)


def state(account: Account) -> tuple[str | None, str, int, bool]:
    """The artifact, the instances and their number, and whether this number is scaled."""
    sagemaker = account.sagemaker
    endpoint = sagemaker.endpoints[ENDPOINT_NAME]
    is_scaled = bool(account.scaling.targets)
    return sagemaker.served_artifact(ENDPOINT_NAME), endpoint.variant["InstanceType"], endpoint.count, is_scaled


def test_scaled_instances_become_others_and_return_with_a_model_that_is_not_the_right_one(account: Account) -> None:
    deploy(account, "1", SERVED, SMALL)
    account.sagemaker.endpoints[ENDPOINT_NAME].count = 3
    deploy(account, "1", SERVED, LARGE)
    assert state(account) == (uri_of("1"), LARGE.type, 3, True)
    with pytest.raises(DeploymentError, match="it serves again what it served before"):
        deploy(account, "2", OTHER, SMALL)
    assert state(account) == (uri_of("1"), LARGE.type, 3, True)
