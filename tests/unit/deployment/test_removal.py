"""What has to be done to remove a deployment, in every state in which it can be."""

from typing import Any

import pytest

from deployment.names import Names
from deployment.removal import (
    DELETIONS,
    Action,
    Bucket,
    Deployment,
    Endpoint,
    endpoint_name,
    find_obstacles,
    is_own_artifacts_bucket,
    is_own_bucket,
    loss,
    plan_removal,
    used_bucket,
)
from deployment.stacks import Stack
from operate.connection import BucketSettings
from operate.versions import Count

NAMES = Names("mien", "123456789012", "eu-central-1")
PARAMETERS = {"EndpointName": "e", "InboxPrefix": "inbox/", "ResultsPrefix": "results/", "RejectedPrefix": "rejected/"}
HOSTING = {"EndpointName": "mien-faces", "ArtifactBucket": NAMES.artifacts_bucket, "ModelKey": "models/1/model.tar.gz"}
NOTHING = BucketSettings({}, [])
LOGS = "/aws/sagemaker/Endpoints/mien-faces"


def stack(name: str = "mien", status: str = "CREATE_COMPLETE", protected: bool = False, **parameters: str) -> Stack:
    own = PARAMETERS if name == NAMES.stack else HOSTING
    return Stack(name, f"arn:{name}", status, "", protected, own | parameters, {})


def bucket(name: str, versions: int = 2, is_own: bool = True) -> Bucket:
    return Bucket(name, Count(objects=1, versions=versions, size=10), is_own)


WHOLE: dict[str, Any] = {
    "application": stack(),
    "hosting": stack("mien-model"),
    "bucket": bucket(NAMES.bucket),
    "artifacts": bucket(NAMES.artifacts_bucket),
    "endpoint": Endpoint("mien-faces", "InService", "hosting"),
    "logs": LOGS,
}


def deployment(**found: Any) -> Deployment:
    return Deployment(NAMES, **found)


def deletions(found: Deployment, keep_data: bool = False) -> list[str]:
    return [step.target for step in plan_removal(found, keep_data) if step.action in DELETIONS]


def test_the_application_goes_first_then_the_endpoint_then_the_buckets() -> None:
    steps = plan_removal(deployment(**WHOLE), keep_data=False)
    assert [(step.action, step.target) for step in steps] == [
        (Action.MARK_BUCKET, NAMES.bucket),
        (Action.DELETE_STACK, "mien"),
        (Action.SETTLE_ENDPOINT, "mien-faces"),
        (Action.DELETE_STACK, "mien-model"),
        (Action.DELETE_LOGS, LOGS),
        (Action.DELETE_BUCKET, NAMES.bucket),
        (Action.DELETE_BUCKET, NAMES.artifacts_bucket),
    ]


def test_with_keep_data_both_buckets_stay_and_the_one_of_images_is_disconnected() -> None:
    steps = plan_removal(deployment(**WHOLE), keep_data=True)
    assert not [step for step in steps if step.action is Action.DELETE_BUCKET]
    assert (steps[-1].action, steps[-1].target) == (Action.DISCONNECT_BUCKET, NAMES.bucket)


@pytest.mark.parametrize("keep_data", [True, False])
def test_every_part_that_is_left_alone_is_removed(keep_data: bool) -> None:
    """A removal can be interrupted after each step, and a deployment before each."""
    for left, deleted in (
        ("application", "mien"),
        ("hosting", "mien-model"),
        ("bucket", NAMES.bucket),
        ("artifacts", NAMES.artifacts_bucket),
        ("logs", LOGS),
    ):
        is_kept = keep_data and left in ("bucket", "artifacts")
        assert deletions(deployment(**{left: WHOLE[left]}), keep_data) == ([] if is_kept else [deleted])


def test_there_is_nothing_to_do_if_nothing_is_there() -> None:
    assert plan_removal(deployment(), keep_data=False) == []
    assert plan_removal(deployment(endpoint=Endpoint("mien-faces", "InService", "other")), keep_data=False) == []


def test_a_bucket_is_only_deleted_when_what_writes_to_it_or_reads_from_it_is_gone() -> None:
    after = {step.target: step.after for step in plan_removal(deployment(**WHOLE), keep_data=False)}
    assert after[NAMES.bucket] == ("mien",)
    assert after[NAMES.artifacts_bucket] == ("mien", "mien-model")


def test_a_bucket_that_existed_before_is_disconnected_before_its_stack_is_deleted() -> None:
    """Only the stack knows its name."""
    found = deployment(application=stack(ExistingBucket="photos"), existing_bucket="photos")
    steps = plan_removal(found, keep_data=False)
    assert [(step.action, step.target) for step in steps] == [
        (Action.DISCONNECT_BUCKET, "photos"),
        (Action.DELETE_STACK, "mien"),
    ]


def test_an_endpoint_that_the_hosting_stack_has_not_made_is_not_waited_for() -> None:
    found = deployment(application=stack(), endpoint=Endpoint("mien-faces", "Creating", "training"))
    assert [step.target for step in plan_removal(found, keep_data=False)] == ["mien"]


def test_an_endpoint_that_its_stack_has_left_is_deleted() -> None:
    """This can be the way out if CloudFormation can't delete it."""
    assert deletions(deployment(endpoint=WHOLE["endpoint"])) == ["mien-faces"]


def test_buckets_of_others_are_never_touched() -> None:
    others = {
        "bucket": bucket(NAMES.bucket, is_own=False),
        "artifacts": bucket(NAMES.artifacts_bucket, is_own=False),
    }
    for keep_data in (True, False):
        assert plan_removal(deployment(**others), keep_data) == []


@pytest.mark.parametrize("name", ["mien", "mien-model"])
@pytest.mark.parametrize(
    "status",
    [
        *("CREATE_COMPLETE", "CREATE_FAILED", "ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "UPDATE_COMPLETE"),
        *("UPDATE_FAILED", "UPDATE_ROLLBACK_COMPLETE", "UPDATE_ROLLBACK_FAILED", "DELETE_FAILED", "REVIEW_IN_PROGRESS"),
    ],
)
def test_a_stack_is_deleted_in_every_status(name: str, status: str) -> None:
    part = "application" if name == "mien" else "hosting"
    found = deployment(**{part: stack(name, status)})
    assert find_obstacles(found) == []
    assert deletions(found) == [name]


def test_a_protected_stack_is_an_obstacle_with_the_way_out() -> None:
    found = deployment(application=stack(protected=True), hosting=stack("mien-model", protected=True))
    [first, second] = find_obstacles(found)
    assert first.endswith("update-termination-protection --no-enable-termination-protection --stack-name mien")
    assert second.endswith("--stack-name mien-model")


@pytest.mark.parametrize("name", ["mien", "mien-model"])
def test_a_stack_of_another_application_is_an_obstacle(name: str) -> None:
    part = "application" if name == "mien" else "hosting"
    for status in ("CREATE_COMPLETE", "REVIEW_IN_PROGRESS"):
        other = Stack(name, "arn", status, "", False, {"EndpointName": "e"}, {})
        [obstacle] = find_obstacles(deployment(**{part: other}))
        assert obstacle.startswith(f"stack {name} is not a stack of Mien")


def test_a_stack_that_has_not_even_a_change_set_is_no_obstacle() -> None:
    assert find_obstacles(deployment(application=Stack("mien", "arn", "REVIEW_IN_PROGRESS", "", False, {}, {}))) == []
    assert find_obstacles(deployment(application=Stack("mien", "arn", "ROLLBACK_COMPLETE", "", False, {}, {})))


def test_a_bucket_is_the_deployments_own_if_its_stack_has_created_it() -> None:
    for status in ("CREATE_COMPLETE", "UPDATE_COMPLETE", "DELETE_SKIPPED", "DELETE_FAILED"):
        assert is_own_bucket(NAMES, stack(), status, {}, NOTHING)


def test_a_bucket_whose_name_made_the_creation_of_the_stack_fail_is_not_its_own() -> None:
    failed = stack(status="ROLLBACK_COMPLETE")
    for status in ("CREATE_FAILED", "DELETE_COMPLETE", None):
        assert not is_own_bucket(NAMES, failed, status, {}, NOTHING)


def test_an_adopted_bucket_is_the_deployments_own() -> None:
    adopting = stack(ExistingBucket=NAMES.bucket)
    assert is_own_bucket(NAMES, adopting, None, {}, NOTHING)
    assert used_bucket(NAMES, adopting) is None
    assert used_bucket(NAMES, stack(ExistingBucket="photos")) == "photos"
    assert used_bucket(NAMES, stack(ExistingBucket="")) is None
    assert used_bucket(NAMES, None) is None


@pytest.mark.parametrize("tag", ["aws:cloudformation:stack-name", "mien:stack"])
def test_a_bucket_whose_stack_is_gone_is_known_by_its_tags(tag: str) -> None:
    assert is_own_bucket(NAMES, None, None, {tag: "mien", "team": "a"}, NOTHING)
    assert not is_own_bucket(NAMES, None, None, {tag: "letters", "team": "mien"}, NOTHING)


def test_a_bucket_whose_stack_is_gone_is_known_by_what_the_stack_left_in_its_settings() -> None:
    queue = {"QueueArn": "arn:aws:sqs:eu-central-1:123456789012:mien-Queue-1AB2C", "Events": ["s3:ObjectCreated:*"]}
    other = {"QueueArn": "arn:aws:sqs:eu-central-1:123456789012:letters-Queue-1AB2C", "Events": ["s3:ObjectCreated:*"]}
    assert is_own_bucket(NAMES, None, None, {}, BucketSettings({"QueueConfigurations": [other, queue]}, []))
    assert is_own_bucket(NAMES, None, None, {}, BucketSettings({}, [{"ID": "mien-uploads"}]))
    assert not is_own_bucket(NAMES, None, None, {}, BucketSettings({"QueueConfigurations": [other]}, [{"ID": "x"}]))


def test_a_bucket_of_artifacts_is_known_by_its_tag_or_is_empty() -> None:
    assert is_own_artifacts_bucket(Count(versions=1), "mien", {"mien:stack": "mien"})
    assert is_own_artifacts_bucket(Count(), "mien", {})
    assert not is_own_artifacts_bucket(Count(delete_markers=1), "mien", {"mien:stack": "letters"})


def test_the_endpoint_is_that_of_the_hosting_stack_or_of_the_application() -> None:
    assert endpoint_name(NAMES, stack(), stack("mien-model")) == "mien-faces"
    assert endpoint_name(NAMES, stack(), None) == "e"
    assert endpoint_name(NAMES, None, None) == "mien-faces"


def test_the_question_names_what_will_be_lost() -> None:
    whole = deployment(**WHOLE)
    assert loss(whole, keep_data=False) == "2 objects with 4 versions will be lost for good"
    assert loss(whole, keep_data=True) == "No object will be lost"
    assert loss(deployment(application=stack()), keep_data=False) == "No object is there to be lost"
    assert loss(deployment(bucket=bucket("b", 1)), keep_data=False) == "1 object with 1 version will be lost for good"
