"""The policies for those who deploy allow what `undeploy` calls."""

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.paths import ROOT
from tests.support.aws_json import AwsError
from tests.support.undeploying import Deployments

# Requests whose action has another name (Service Authorization Reference, "Amazon S3").
ACTIONS = {
    "s3:DeleteBucketCors": "s3:PutBucketCORS",
    "s3:DeleteObjects": "s3:DeleteObjectVersion",
    "s3:GetBucketCors": "s3:GetBucketCORS",
    "s3:GetBucketLifecycleConfiguration": "s3:GetLifecycleConfiguration",
    "s3:GetBucketNotificationConfiguration": "s3:GetBucketNotification",
    "s3:HeadBucket": "s3:ListBucket",
    "s3:ListObjectVersions": "s3:ListBucketVersions",
    "s3:PutBucketNotificationConfiguration": "s3:PutBucketNotification",
}


def called(deployments: Deployments, keep_data: bool) -> set[str]:
    """The actions of IAM that a removal needs for its own requests. CloudFormation's are not among them."""
    found = set()

    def record(model: Any, **_: Any) -> None:
        action = f"{model.service_model.signing_name}:{model.name}"
        found.add(ACTIONS.get(action, action))

    for client in deployments.clients.values():
        client.meta.events.register("before-call", record)
    try:
        assert deployments.undeploy(keep_data)
    finally:
        for client in deployments.clients.values():
            client.meta.events.unregister("before-call", record)
    return found


def allowed(*policies: str) -> set[str]:
    read = (json.loads((ROOT / "policies" / f"{policy}.json").read_text()) for policy in policies)
    actions = [statement["Action"] for policy in read for statement in policy["Statement"]]
    return {action for one in actions for action in ([one] if isinstance(one, str) else one)}


@pytest.mark.parametrize("keep_data", [False, True])
def test_a_whole_deployment_is_removed_with_all_three_policies(deployments: Deployments, keep_data: bool) -> None:
    deployments.whole()
    assert called(deployments, keep_data) <= allowed("deploy", "deploy-application", "deploy-endpoint")


def test_whoever_may_only_invoke_an_endpoint_can_remove_the_application_that_uses_it(
    deployments: Deployments, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def deny(**request: Any) -> None:
        raise AwsError("AccessDeniedException", "not authorized to perform this")

    logs = deployments.clients["logs"]
    logs.create_log_group(logGroupName="/aws/sagemaker/Endpoints/others")
    deployments.artifacts()
    deployments.application(EndpointName="others")
    monkeypatch.setattr(deployments.account.sagemaker, "describe_endpoint", deny)
    assert called(deployments, keep_data=False) <= allowed("deploy", "deploy-application")
    assert deployments.left() == {"/aws/sagemaker/Endpoints/others"}
    assert "Kept: endpoint others (you may not describe it)" in capsys.readouterr().out
    logs.delete_log_group(logGroupName="/aws/sagemaker/Endpoints/others")


def test_a_bucket_of_others_that_can_not_be_disconnected_is_named_with_the_command_for_later(
    deployments: Deployments, capsys: pytest.CaptureFixture[str]
) -> None:
    def deny(model: Any, params: dict[str, Any], **_: Any) -> None:
        if "photos" in params["url"]:
            code = "403" if model.name == "HeadBucket" else "AccessDenied"
            raise ClientError({"Error": {"Code": code, "Message": "Access Denied"}}, model.name)

    deployments.s3.create_bucket(Bucket="photos")
    deployments.application(ExistingBucket="photos")
    events = deployments.s3.meta.events
    events.register("before-call.s3", deny)
    assert not deployments.undeploy()
    events.unregister("before-call.s3", deny)
    assert deployments.left() == {"photos"}
    shown = capsys.readouterr().out
    assert "photos: it is not disconnected: " in shown
    assert "python -m operate disconnect --stack mien --bucket photos does it" in shown
    deployments.s3.delete_bucket(Bucket="photos")
