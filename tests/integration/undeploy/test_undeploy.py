"""`undeploy` removes what a deployment has made, and nothing else."""

import re

import pytest

from deployment.errors import DeploymentError
from tests.support import documents
from tests.support.undeploying import INSTANCES, LOGS, NAMES, Deployments

EVERYTHING = {NAMES.stack, NAMES.model_stack, NAMES.bucket, NAMES.artifacts_bucket, NAMES.endpoint, LOGS}


def test_everything_is_removed_after_a_question_that_names_the_loss(
    deployments: Deployments, capsys: pytest.CaptureFixture[str]
) -> None:
    deployments.whole()
    assert deployments.left() > EVERYTHING
    assert deployments.undeploy()
    assert deployments.left() == set()
    assert deployments.questions == [
        "4 objects with 5 versions will be lost for good. Type mien to delete what is listed above"
    ]
    shown = capsys.readouterr().out
    assert "images and documents; 3 objects, 4 versions, 1 delete marker, 16 bytes" in shown
    assert "InService, serverless: costs nothing while nobody calls it" in shown


@pytest.mark.parametrize("keep_data", [False, True])
def test_what_is_sent_is_what_the_documentation_lists_in_its_order(deployments: Deployments, keep_data: bool) -> None:
    section = documents.text_of("docs/aws.md").partition("## What is sent to go back")[2].partition("\n## ")[0]
    rows = [line.split(" | ") for line in section.splitlines() if line.startswith("|") and "`" in line]
    listed = [name for row in rows for name in re.findall("`([A-Z][A-Za-z]+)`", row[1])]
    deployments.whole()
    deployments.account.calls.clear()
    deployments.undeploy(keep_data)
    sent = list(dict.fromkeys(call.operation for call in deployments.account.changes))
    if keep_data:
        listed = [name for name in listed if name not in ("DeleteObjects", "DeleteBucket")] + ["DeleteBucketCors"]
    assert sent == list(dict.fromkeys(listed))


def test_a_dry_run_shows_everything_and_deletes_nothing(
    deployments: Deployments, capsys: pytest.CaptureFixture[str]
) -> None:
    deployments.whole()
    before = deployments.left()
    assert deployments.undeploy(dry_run=True)
    assert deployments.left() == before
    assert deployments.questions == []
    shown = capsys.readouterr().out
    for name in EVERYTHING:
        assert name in shown


def test_an_account_without_a_deployment_is_no_error(
    deployments: Deployments, capsys: pytest.CaptureFixture[str]
) -> None:
    assert deployments.undeploy()
    assert deployments.questions == []
    assert "There is nothing of deployment mien to delete" in capsys.readouterr().out


def test_the_price_of_an_endpoint_on_instances_is_shown(
    deployments: Deployments, capsys: pytest.CaptureFixture[str]
) -> None:
    deployments.hosting(INSTANCES)
    deployments.undeploy(dry_run=True)
    assert "InService, 2 x ml.c7i.large: about $0.21 an hour" in capsys.readouterr().out


def test_with_keep_data_both_buckets_stay_with_everything_in_them(
    deployments: Deployments, capsys: pytest.CaptureFixture[str]
) -> None:
    deployments.whole()
    before = deployments.keys(NAMES.bucket)
    assert deployments.undeploy(keep_data=True)
    assert deployments.left() == {NAMES.bucket, NAMES.artifacts_bucket}
    assert deployments.keys(NAMES.bucket) == before
    assert deployments.questions == ["No object will be lost. Type mien to delete what is listed above"]
    shown = capsys.readouterr().out
    assert f"aws s3 sync s3://{NAMES.bucket} FOLDER" in shown
    assert "make deploy uses what was kept again, and make undeploy deletes it." in shown


def test_what_was_kept_is_known_and_deleted_later(deployments: Deployments) -> None:
    deployments.whole()
    deployments.undeploy(keep_data=True)
    assert deployments.undeploy(keep_data=True), "a second time there is nothing to do"
    assert len(deployments.questions) == 1
    deployments.undeploy()
    assert deployments.left() == set()


def test_an_adopted_bucket_is_deleted_like_one_that_the_stack_has_created(deployments: Deployments) -> None:
    deployments.whole()
    deployments.undeploy(keep_data=True)
    deployments.application(ExistingBucket=NAMES.bucket)
    assert deployments.undeploy()
    assert deployments.left() == set()


def test_a_bucket_that_existed_before_is_kept_and_disconnected(
    deployments: Deployments, capsys: pytest.CaptureFixture[str]
) -> None:
    s3 = deployments.s3
    s3.create_bucket(Bucket="photos")
    s3.put_bucket_cors(
        Bucket="photos",
        CORSConfiguration={"CORSRules": [{"ID": "mien-uploads", "AllowedOrigins": ["*"], "AllowedMethods": ["POST"]}]},
    )
    deployments.images("photos")
    before = deployments.keys("photos")
    deployments.application(ExistingBucket="photos")
    assert deployments.undeploy()
    assert deployments.left() == {"photos"}
    assert deployments.keys("photos") == before
    with pytest.raises(s3.exceptions.ClientError, match="NoSuchCORSConfiguration"):
        s3.get_bucket_cors(Bucket="photos")
    assert "Kept: bucket photos with everything in it, because it existed before" in capsys.readouterr().out
    for key in set(before):
        s3.delete_object(Bucket="photos", Key=key)
    s3.delete_bucket(Bucket="photos")


def test_a_bucket_that_existed_before_goes_on_sending_its_events_to_eventbridge(
    deployments: Deployments, capsys: pytest.CaptureFixture[str]
) -> None:
    """The switch belongs to no application."""
    s3 = deployments.s3
    s3.create_bucket(Bucket="photos")
    s3.put_bucket_notification_configuration(
        Bucket="photos", NotificationConfiguration={"EventBridgeConfiguration": {}}
    )
    deployments.application(ExistingBucket="photos", Notifications="eventbridge")
    assert deployments.undeploy()
    assert "EventBridgeConfiguration" in s3.get_bucket_notification_configuration(Bucket="photos")
    assert "Bucket photos still sends its events to EventBridge" in capsys.readouterr().err
    s3.delete_bucket(Bucket="photos")


def test_a_bucket_of_another_application_is_kept_although_it_has_the_name(
    deployments: Deployments, capsys: pytest.CaptureFixture[str]
) -> None:
    """Many applications name a bucket after themselves, the account and the region."""
    deployments.s3.create_bucket(Bucket=NAMES.bucket)
    assert deployments.application() == "ROLLBACK_COMPLETE", "the name is taken"
    assert deployments.undeploy()
    assert deployments.left() == {NAMES.bucket}
    assert f"Kept: bucket {NAMES.bucket}, because nothing shows that it belongs to" in capsys.readouterr().out
    deployments.s3.delete_bucket(Bucket=NAMES.bucket)


@pytest.mark.parametrize("name", ["from-training", "from-elsewhere"])
def test_an_endpoint_that_no_stack_has_made_is_kept_and_named(
    deployments: Deployments, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    deployments.hosting()
    [config] = deployments.account.sagemaker.configs
    tags = [{"Key": "mien:endpoint", "Value": "from-training"}]
    deployments.clients["sagemaker"].create_endpoint(EndpointName=name, EndpointConfigName=config, Tags=tags)
    deployments.cloudformation.delete_stack(StackName=NAMES.model_stack)
    deployments.settle(NAMES.model_stack)
    deployments.application(EndpointName=name)
    assert deployments.undeploy()
    assert deployments.left() == {name}
    shown = capsys.readouterr().out
    assert f"Kept: endpoint {name}" in shown
    hint = f"python -m training deploy --endpoint {name} --delete"
    assert (hint in shown) == (name == "from-training")
    deployments.account.sagemaker.forget(name)


@pytest.mark.parametrize("name", [NAMES.stack, NAMES.model_stack])
def test_a_stack_of_another_application_is_refused_and_nothing_is_deleted(deployments: Deployments, name: str) -> None:
    (deployments.application if name == NAMES.model_stack else deployments.hosting)()
    deployments.create(name, {"Resources": {"Queue": {"Type": "AWS::SQS::Queue"}}}, {})
    before = deployments.left()
    with pytest.raises(DeploymentError, match=f"stack {name} is not a stack of Mien"):
        deployments.undeploy()
    assert deployments.left() == before
    deployments.cloudformation.delete_stack(StackName=name)
    deployments.settle(name)


@pytest.mark.parametrize("name", [NAMES.stack, NAMES.model_stack])
def test_a_protected_stack_is_refused_and_nothing_is_deleted(deployments: Deployments, name: str) -> None:
    deployments.whole()
    protect = deployments.cloudformation.update_termination_protection
    protect(StackName=name, EnableTerminationProtection=True)
    before = deployments.left()
    with pytest.raises(DeploymentError, match=f"stack {name} has termination protection; to switch it off"):
        deployments.undeploy()
    assert deployments.left() == before
    protect(StackName=name, EnableTerminationProtection=False)
