"""Errors of libraries reach the user as one sentence that names the way out."""

import pytest
import torch
from botocore.exceptions import ClientError, EndpointConnectionError, NoRegionError
from sagemaker.core.training.configs import Compute

from training.errors import explain_error
from training.jobs.local_record import failure_reason


def test_a_missing_region_and_refused_credentials_name_the_way_out() -> None:
    assert explain_error(NoRegionError()) == "no AWS region is set: set AWS_REGION, or run `aws configure`"
    expired = ClientError({"Error": {"Code": "ExpiredToken", "Message": "The token has expired."}}, "ListObjectsV2")
    assert "The token has expired: sign in again, or check AWS_PROFILE" in str(explain_error(expired))
    nowhere = EndpointConnectionError(endpoint_url="https://s3.nowhere.amazonaws.com")
    assert str(explain_error(nowhere)).endswith(": check the network, and the name of the region")


def test_what_the_sagemaker_sdk_refuses_is_one_sentence_about_each_value() -> None:
    with pytest.raises(ValueError, match="3 validation errors") as refused:
        Compute(instance_count="many", volume_size_in_gb="large")
    sentence = str(explain_error(refused.value))
    assert "instance_count is 'many': input should be a valid integer" in sentence
    assert sentence.count("instance_count") == 1
    assert "volume_size_in_gb is 'large'" in sentence
    assert "\n" not in sentence
    assert "http" not in sentence


def test_an_error_of_pytorch_is_one_sentence() -> None:
    with pytest.raises(RuntimeError) as refused:
        torch.nn.Linear(2, 2)(torch.zeros(3, 5))
    assert str(explain_error(refused.value)).startswith("mat1 and mat2 shapes cannot be multiplied")


def test_a_package_that_is_not_installed_is_named_with_the_command_that_installs_it() -> None:
    error = ModuleNotFoundError("No module named 'torch'", name="torch")
    assert explain_error(error) == "torch is not installed: `make install-training` installs it"


def test_an_unexpected_error_keeps_its_traceback() -> None:
    assert explain_error(KeyError("epochs")) is None
    assert explain_error(RuntimeError("ours")) is None


@pytest.mark.parametrize(
    ("log", "reason"),
    [
        (["Traceback (most recent call last):", "torch.OutOfMemoryError: CUDA out of memory."], "a smaller batch-size"),
        (["ValueError: no faces", "torch.distributed.elastic.ChildFailedError: ", "train.py FAILED"], "ValueError: no"),
        (
            ["[rank1]: RuntimeError: CUDA error: no kernel image is available", "E1"],
            "the GPU does not fit the installed",
        ),
        (["epoch=1; x=2;", "--batch-size 9 is more than the 3 faces", ""], "--batch-size 9 is more than the 3 faces"),
        ([], "the script has printed nothing"),
    ],
)
def test_a_failed_script_is_explained_by_the_last_error_of_its_log(log: list[str], reason: str) -> None:
    assert reason in failure_reason(log)
