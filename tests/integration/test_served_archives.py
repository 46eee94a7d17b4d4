"""The tests' account serves the archives that are deployed to its endpoints, and refuses those that can't be served."""

import json
from collections.abc import Iterator

import pytest

from local.cloud import ENDPOINT_NAME
from local.paths import MODEL
from mien.logic.contract import DESCRIBE, DESCRIBE_TYPE
from tests.support.account import Account, start_account
from tests.support.hosting_stack import BUCKET, HostingStack, key_of
from tests.support.onnx_files import COLORS, write_color_model
from training.hosting.packing import pack_model


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Account]:
    colors = write_color_model(tmp_path_factory.mktemp("colors"))
    with start_account(serves_archives=True) as started:
        s3 = started.client("s3")
        s3.create_bucket(Bucket=BUCKET)
        for name, folder in (("faces", MODEL), ("colors", colors)):
            archive = tmp_path_factory.mktemp(name) / "model.tar.gz"
            pack_model(folder, archive)
            s3.upload_file(str(archive), BUCKET, key_of(name))
        s3.put_object(Bucket=BUCKET, Key=key_of("broken"), Body=archive.read_bytes()[:1000])
        yield started


def labels(account: Account) -> list[str]:
    runtime = account.client("sagemaker-runtime")
    answer = runtime.invoke_endpoint(EndpointName=ENDPOINT_NAME, ContentType=DESCRIBE_TYPE, Body=DESCRIBE)
    found: list[str] = json.load(answer["Body"])["labels"]
    return found


def test_another_archive_answers_after_an_update_and_a_damaged_one_does_not(account: Account) -> None:
    stack = HostingStack(account)
    assert stack.deploy(ModelKey=key_of("faces")) == "CREATE_COMPLETE"
    assert "happy" in labels(account)
    assert stack.deploy(ModelKey=key_of("colors")) == "UPDATE_COMPLETE"
    assert labels(account) == list(COLORS)
    assert stack.deploy(ModelKey=key_of("broken")) == "UPDATE_ROLLBACK_COMPLETE"
    assert "did not pass the ping health check" in stack.reasons
    assert labels(account) == list(COLORS)
