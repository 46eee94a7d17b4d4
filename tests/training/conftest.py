"""What the tests of training share: an AWS account in this process, and a small data set.

They run in `.venv-training`, with the packages of requirements/training-tests.txt. Only the tests of the detector reach
a network: the package index.
"""

import functools
import os
from collections.abc import Iterator
from pathlib import Path

import botocore.session
import numpy as np
import pytest
from botocore.loaders import create_loader
from jsonschema import Draft202012Validator

from tests.training.fake_aws import DATA_BUCKET, REGION, ROLE, FakeAws, fake_aws
from training.data.fer2013 import CLASSES, VOTE_COLUMNS
from training.jobs.trainer import AccountSettings

TRAINING_FACES = 140
VALIDATION_FACES = 70


def pytest_configure() -> None:
    for name in ("AWS_ENDPOINT_URL", "AWS_PROFILE", "AWS_SESSION_TOKEN"):
        os.environ.pop(name, None)
    os.environ.update(
        AWS_ACCESS_KEY_ID="testing",
        AWS_SECRET_ACCESS_KEY="testing",
        AWS_DEFAULT_REGION=REGION,
        # The networks are so small that a second thread makes them slower.
        OMP_NUM_THREADS="1",
        # moto's IAM has no roles.
        SAGEMAKER_VALIDATE_ROLE="false",
    )


@pytest.fixture(scope="session", autouse=True)
def _without_repeated_work() -> Iterator[None]:
    """Leaves out two repetitions that took half of the tests' time and prove nothing.

    botocore reads its descriptions of AWS's services again for every session: all sessions share them here. And
    jsonschema checks 12 times per job whether the SDK's own schema is a valid schema. The check of a job's
    configuration against that schema stays.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(botocore.session, "create_loader", functools.cache(create_loader))
        patch.setattr(Draft202012Validator, "check_schema", lambda schema: None)
        yield


@pytest.fixture
def aws() -> Iterator[FakeAws]:
    """An AWS account with two empty buckets."""
    with fake_aws() as account:
        yield account


@pytest.fixture
def settings() -> AccountSettings:
    """The settings of a job that reads and writes in the account's first bucket."""
    return AccountSettings(f"s3://{DATA_BUCKET}/fer2013", f"s3://{DATA_BUCKET}/jobs", ROLE)


@pytest.fixture(scope="session")
def prepared_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two channels of images that a network learns at once: a bright bar on noise, at another height per class."""
    root = tmp_path_factory.mktemp("data")
    random = np.random.default_rng(0)
    for channel, count in (("train", TRAINING_FACES), ("validation", VALIDATION_FACES)):
        labels = np.arange(count) % len(CLASSES)
        images = random.integers(0, 80, (count, 48, 48), np.uint8)
        for image, label in zip(images, labels, strict=True):
            image[6 * label : 6 * label + 6] += 150
        votes = random.multinomial(10, np.ones(len(VOTE_COLUMNS)) / len(VOTE_COLUMNS), count).astype(np.uint8)
        (root / channel).mkdir()
        np.savez_compressed(
            root / channel / "faces.npz", images=images, labels=labels, classes=np.array(CLASSES), votes=votes
        )
    return root
