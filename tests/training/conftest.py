"""What the tests of training share. They need `.venv-training` with what requirements/training-tests.txt names; AWS is
moto's, in this process: an imitation of SageMaker's control plane, which runs no job."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import numpy as np
import pytest
from moto import mock_aws

from mien.logic.labels import LABELS
from training.data.fer2013 import VOTE_COLUMNS
from training.jobs import launch

REGION = "eu-central-1"
ROLE = "arn:aws:iam::123456789012:role/training"
BUCKET = "faces"


def pytest_configure() -> None:
    os.environ.update(
        AWS_ACCESS_KEY_ID="testing",
        AWS_SECRET_ACCESS_KEY="testing",
        AWS_DEFAULT_REGION=REGION,
        # The networks are tiny: a second thread would only wait for the first.
        OMP_NUM_THREADS="1",
        # moto's IAM holds no role.
        SAGEMAKER_VALIDATE_ROLE="false",
    )


class Sent(list[tuple[str, dict[str, Any]]]):
    """The requests to SageMaker that a session has sent: operation, and body as it went over the wire."""

    def operations(self) -> list[str]:
        return [operation for operation, _ in self]

    def body(self, operation: str) -> dict[str, Any]:
        [body] = [body for name, body in self if name == operation]
        return body


@pytest.fixture
def session() -> Iterator[boto3.Session]:
    """A session of an AWS that holds an empty bucket."""
    with mock_aws():
        one = boto3.Session(region_name=REGION)
        one.client("s3").create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
        yield one


@pytest.fixture
def sent(session: boto3.Session) -> Sent:
    requests = Sent()

    def note(model: Any, params: Any, **_: Any) -> None:
        requests.append((model.name, json.loads(params["body"])))

    session.events.register("before-call.sagemaker", note)
    return requests


@pytest.fixture
def place() -> launch.Place:
    return launch.Place(f"s3://{BUCKET}/fer2013", f"s3://{BUCKET}/jobs", ROLE)


def keys(session: boto3.Session) -> list[str]:
    return [one.key for one in session.resource("s3").Bucket(BUCKET).objects.all()]


@pytest.fixture(scope="session")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two channels of faces that nobody has: a bright bar on noise, at another height in each class."""
    root = tmp_path_factory.mktemp("data")
    chance = np.random.default_rng(0)
    for channel, count in (("train", 140), ("validation", 70)):
        labels = np.arange(count) % len(LABELS)
        images = chance.integers(0, 80, (count, 48, 48), np.uint8)
        for image, label in zip(images, labels, strict=True):
            image[6 * label : 6 * label + 6] += 150
        votes = chance.multinomial(10, np.ones(len(VOTE_COLUMNS)) / len(VOTE_COLUMNS), count).astype(np.uint8)
        (root / channel).mkdir()
        np.savez_compressed(
            root / channel / "faces.npz", images=images, labels=labels, classes=np.array(LABELS), votes=votes
        )
    return root
