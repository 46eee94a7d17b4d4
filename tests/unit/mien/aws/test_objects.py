"""Where requests about a bucket are sent, and for which region they are signed: as boto3 does it."""

import io
from typing import Any

import pytest
import urllib3
from botocore import UNSIGNED
from botocore.awsrequest import AWSPreparedRequest, AWSResponse

from mien.aws.clients import Timeouts, make_client
from mien.aws.objects import Objects, OnlyBotocore

TIMEOUTS = Timeouts(1, 1, 1)


def sent_by_boto3(client: Any, bucket: str) -> AWSPreparedRequest:
    """Returns the request with which boto3 would look an object up. It is not sent."""
    sent = []

    def keep(request: AWSPreparedRequest, **_: Any) -> AWSResponse:
        sent.append(request)
        return AWSResponse(request.url, 200, {}, urllib3.HTTPResponse(io.BytesIO(), preload_content=False))

    client.meta.events.register("before-send.s3.HeadObject", keep)
    client.head_object(Bucket=bucket, Key="a.png")
    [request] = sent
    return request


@pytest.mark.parametrize("bucket", ["bucket", "bucket.with.dots"])
@pytest.mark.parametrize(
    "variables",
    [
        {},
        {"AWS_DEFAULT_REGION": "us-east-1"},
        {"AWS_DEFAULT_REGION": "cn-north-1"},
        {"AWS_DEFAULT_REGION": "us-gov-west-1", "AWS_USE_FIPS_ENDPOINT": "true"},
        {"AWS_USE_DUALSTACK_ENDPOINT": "true"},
        {"AWS_ENDPOINT_URL": "http://127.0.0.1:4566"},
        {"AWS_ENDPOINT_URL_S3": "https://s3.example/path/"},
    ],
    ids=str,
)
def test_requests_are_sent_where_boto3_sends_them(
    variables: dict[str, str], bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {"AWS_DEFAULT_REGION": "eu-central-1", **variables}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("boto3.DEFAULT_SESSION", None)
    client = make_client("s3", TIMEOUTS, 1)
    place = Objects(client, TIMEOUTS, 1).place_of(bucket)
    request = sent_by_boto3(client, bucket)
    assert f"{place.url}a.png" == request.url
    assert f"/{place.region}/s3/aws4_request" in request.headers["Authorization"].decode()
    assert place.agent.startswith("Boto3/")


def test_requests_without_a_signature_are_left_to_boto3(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    objects = Objects(make_client("s3", TIMEOUTS, 1, signature_version=UNSIGNED), TIMEOUTS, 1)
    with pytest.raises(OnlyBotocore):
        objects.place_of("bucket")
