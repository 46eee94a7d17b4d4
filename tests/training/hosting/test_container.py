"""Every model is served by a container that fits it."""

import json

from tests.training.fake_aws import BUILT_IN_IMAGE, REGION, ROLE, FakeAws
from tests.training.hosting.deployments import (
    ENDPOINT,
    FIRST,
    INSTANCES,
    command_error,
    create_artifact,
    deploy_version,
    run_command,
    serving,
)
from training.hosting.container import Container


def test_our_model_is_served_by_the_stock_container(aws: FakeAws) -> None:
    uri = create_artifact(aws, "faces-1")
    output = run_command("faces-1", "--role", ROLE)
    model = aws.parameters("CreateModel")
    assert model["PrimaryContainer"] == {
        "Image": f"763104351884.dkr.ecr.{REGION}.amazonaws.com/pytorch-inference:2.6.0-cpu-py312",
        "ModelDataUrl": uri,
        "Environment": {
            "SAGEMAKER_PROGRAM": "inference.py",
            "SAGEMAKER_SUBMIT_DIRECTORY": "/opt/ml/model/code",
            "SAGEMAKER_CONTAINER_LOG_LEVEL": "20",
            "SAGEMAKER_REGION": REGION,
            "SAGEMAKER_MODEL_SERVER_WORKERS": "1",
        },
    }
    # The stock container installs packages when it starts, so it needs the network.
    assert "EnableNetworkIsolation" not in model
    assert f"endpoint {ENDPOINT} serves {uri}\n" in output
    assert f"sam deploy --parameter-overrides EndpointName={ENDPOINT} EndpointInput=batch\n" in output


def test_a_graviton_instance_gets_the_stock_container_for_arm(aws: FakeAws) -> None:
    create_artifact(aws, "faces-1")
    output = run_command("faces-1", "--role", ROLE, "--instance-type", "ml.c7g.large", "--dry-run")
    assert "pytorch-inference-arm64:2.6.0-cpu-py312-ubuntu22.04-sagemaker" in output


def test_a_model_of_the_built_in_algorithm_is_served_by_its_image_and_tested_with_a_png(aws: FakeAws) -> None:
    create_artifact(aws, "article-1", image=BUILT_IN_IMAGE)
    output = run_command("article-1", "--role", ROLE, "--instance-type", "ml.c5.large", "--max-instances", "1")
    model = aws.parameters("CreateModel")
    assert model["PrimaryContainer"]["Image"] == BUILT_IN_IMAGE
    assert "Environment" not in model["PrimaryContainer"]
    assert model["EnableNetworkIsolation"] is True
    invocation = aws.parameters("InvokeEndpoint")
    assert invocation["ContentType"] == "application/x-image"
    assert invocation["Body"].startswith(b"\x89PNG")
    assert "EndpointInput=image" in output
    # It has no names for its outputs, so the functions need them.
    assert "Labels=angry,disgust,fear,happy,sad,surprise,neutral\n" in output
    assert "RegisterScalableTarget" not in aws.operations


def test_a_single_list_of_probabilities_is_a_good_answer_of_the_built_in_algorithm(aws: FakeAws) -> None:
    aws.model_answers[FIRST] = json.dumps([1 / 7] * 7).encode()
    deploy_version(0, INSTANCES, Container("built-in", BUILT_IN_IMAGE))
    assert serving(aws) == FIRST


def test_the_number_of_a_built_in_model_s_probabilities_is_compared_with_the_labels(aws: FakeAws) -> None:
    create_artifact(aws, "article-1", image=BUILT_IN_IMAGE)
    arguments = ("article-1", "--role", ROLE, "--instance-type", "ml.c5.large", "--labels")
    error = command_error(*arguments, "cat,dog")
    assert "The model tells apart 7 labels, but the stack's parameter Labels has 2" in error
    assert "--labels can't be used: 'cat' and 'cat' are the same name" in command_error(*arguments, "cat,cat")
    output = run_command(*arguments, "a b,c,d,e,f,g,h")
    assert "'Labels=a b,c,d,e,f,g,h'\n" in output


def test_the_labels_of_our_model_are_in_the_model(aws: FakeAws) -> None:
    create_artifact(aws, "faces-1")
    aws.requests.clear()
    error = command_error("faces-1", "--role", ROLE, "--labels", "cat,dog")
    assert error == "--labels is for SageMaker's built-in algorithm: the labels of this model are in model.json"
    assert aws.changes == []
