"""A deployment that fails leaves the endpoint with the model that it served before."""

import json
from typing import Any

import pytest

from tests.training.fake_aws import FakeAws
from tests.training.hosting.deployments import (
    ENDPOINT,
    FIRST,
    INSTANCES,
    SECOND,
    SERVERLESS,
    THIRD,
    deploy_version,
    list_resources,
    serving,
)
from training.hosting.options import Hosting

BAD_ANSWER = b'{"error": "no model"}'


def test_an_update_that_sagemaker_rolls_back_raises_an_error_with_its_reason(aws: FakeAws) -> None:
    deploy_version(0)
    aws.failing_updates[SECOND] = "The container did not pass the ping health check."
    with pytest.raises(ValueError, match=f"not updated and serves {FIRST} as before: The container did not pass"):
        deploy_version(1)
    assert serving(aws) == FIRST
    # The failed model is kept for inspection. The next deployment deletes it and keeps the served one.
    deploy_version(2)
    assert list_resources(aws)["configs"] == [FIRST, THIRD]


def test_a_configuration_that_never_served_is_not_kept(aws: FakeAws) -> None:
    deploy_version(0)
    aws.failing_updates[SECOND] = "no"
    with pytest.raises(ValueError, match="not updated"):
        deploy_version(1)
    deploy_version(0)
    resources = list_resources(aws)
    assert resources["configs"] == resources["models"] == [FIRST]


@pytest.mark.parametrize("hosting", [SERVERLESS, INSTANCES])
@pytest.mark.parametrize("answer", [BAD_ANSWER, b"[[0.5, 0.5]]", b"[]", b"[[2, 0, 0, 0, 0, 0, 0]]", b"busy", b"7"])
def test_a_model_that_answers_badly_is_rolled_back(answer: bytes, hosting: Hosting, aws: FakeAws) -> None:
    deploy_version(0, hosting)
    aws.model_answers[SECOND] = answer
    aws.requests.clear()
    with pytest.raises(ValueError, match=f"fails the smoke test .* rolled back and serves {FIRST} again"):
        deploy_version(1, hosting)
    assert serving(aws) == FIRST
    updates = [parameters["EndpointConfigName"] for name, parameters in aws.requests if name == "UpdateEndpoint"]
    assert updates == [SECOND, FIRST]
    assert aws.operations[-1] == "UpdateEndpoint"


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"labels": ["green", "red", "blue"]}, "its labels are green, red, blue, and those of the artifact are red"),
        ({"version": "older"}, "it is version older for gray-16, not test-1 for gray-16"),
        ({"input": {"size": 48, "color": "gray"}}, "it is version test-1 for gray-48, not test-1 for gray-16"),
        ({"labels": []}, "The model's labels can't be used"),
    ],
)
def test_a_model_that_is_not_the_deployed_one_is_rolled_back(
    changes: dict[str, Any], reason: str, aws: FakeAws
) -> None:
    deploy_version(0)
    aws.description |= changes
    with pytest.raises(ValueError, match=f"fails the smoke test \\({reason}.* serves {FIRST} again"):
        deploy_version(1)
    assert serving(aws) == FIRST


def test_labels_in_the_answer_have_to_be_those_of_the_artifact(aws: FakeAws) -> None:
    deploy_version(0)
    labels = ["red", "blue", "green"]
    aws.model_answers[SECOND] = json.dumps({"labels": labels, "faces": [{"probabilities": [1, 0, 0]}]}).encode()
    with pytest.raises(ValueError, match="its labels are red, blue, green, and those of the artifact are red, green"):
        deploy_version(1)


def test_a_first_model_that_answers_badly_stays_for_inspection(aws: FakeAws) -> None:
    aws.model_answers[FIRST] = BAD_ANSWER
    with pytest.raises(ValueError, match="aws logs tail /aws/sagemaker/Endpoints/mien-faces; delete it with --delete"):
        deploy_version(0, INSTANCES)
    assert serving(aws) == FIRST
    assert list_resources(aws)["targets"] == []


def test_a_model_that_is_not_ready_is_invoked_again_after_a_pause(aws: FakeAws) -> None:
    pauses: list[None] = []
    aws.not_ready = 3
    deploy_version(0, pause=lambda: pauses.append(None))
    assert len(pauses) == 3
    assert aws.operations.count("InvokeEndpoint") == 5


def test_a_model_that_never_becomes_ready_is_rolled_back(aws: FakeAws) -> None:
    deploy_version(0)
    aws.not_ready = 1000
    with pytest.raises(ValueError, match="fails the smoke test \\(ModelNotReadyException"):
        deploy_version(1, pause=lambda: None)
    assert serving(aws) == FIRST


def test_an_endpoint_that_moved_to_instances_is_not_rolled_back_to_serverless(aws: FakeAws) -> None:
    deploy_version(0)
    aws.model_answers[SECOND] = BAD_ANSWER
    with pytest.raises(ValueError, match="it was serverless before and cannot become serverless again"):
        deploy_version(1, INSTANCES)
    assert serving(aws) == SECOND
    # A canary and alarms need instances, and there were none before.
    assert aws.parameters("UpdateEndpoint") == {"EndpointName": ENDPOINT, "EndpointConfigName": SECOND}
