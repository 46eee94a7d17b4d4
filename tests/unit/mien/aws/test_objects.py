"""Where requests about a bucket are sent, and for which region they are signed: as botocore does it."""

import io
from collections.abc import Iterator
from typing import Any

import pytest
import urllib3
from botocore import UNSIGNED
from botocore.awsrequest import AWSPreparedRequest, AWSResponse

from mien.aws.clients import Timeouts, make_client, session
from mien.aws.objects import Objects, OnlyBotocore

TIMEOUTS = Timeouts(1, 1, 1)


def sent_by_botocore(client: Any, bucket: str) -> AWSPreparedRequest:
    """Returns the request with which botocore would look an object up. It is not sent."""
    sent = []

    def keep(request: AWSPreparedRequest, **_: Any) -> AWSResponse:
        sent.append(request)
        return AWSResponse(request.url, 200, {}, urllib3.HTTPResponse(io.BytesIO(), preload_content=False))

    client.meta.events.register("before-send.s3.HeadObject", keep)
    client.head_object(Bucket=bucket, Key="a.png")
    [request] = sent
    return request


@pytest.fixture(autouse=True)
def own_session() -> Iterator[None]:
    """The session remembers the credentials of the first client."""
    session.cache_clear()
    yield
    session.cache_clear()


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
def test_requests_are_sent_where_botocore_sends_them(
    variables: dict[str, str], bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {"AWS_DEFAULT_REGION": "eu-central-1", **variables}.items():
        monkeypatch.setenv(name, value)
    client = make_client("s3", TIMEOUTS, 1)
    place = Objects(client, TIMEOUTS, 1).place_of(bucket)
    request = sent_by_botocore(client, bucket)
    assert f"{place.url}a.png" == request.url
    assert f"/{place.region}/s3/aws4_request" in request.headers["Authorization"].decode()
    assert place.agent.startswith("Botocore/")


def test_requests_without_a_signature_are_left_to_botocore(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    objects = Objects(make_client("s3", TIMEOUTS, 1, signature_version=UNSIGNED), TIMEOUTS, 1)
    with pytest.raises(OnlyBotocore):
        objects.place_of("bucket")
