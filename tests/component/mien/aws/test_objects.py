"""Requests about one object: they are those of botocore, and botocore sends again what fails."""

import re
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectionClosedError,
    FlexibleChecksumError,
    ReadTimeoutError,
    SSLError,
)
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mien.aws.clients import Timeouts, make_client, session
from mien.aws.objects import METHODS, Objects
from tests.support.enforcing import make_certificate
from tests.support.proxy import Exchange, Proxy, Reply, proxy
from tests.support.signature import is_signed

SECRET = "a secret key"
DOCUMENT = b'{"label": "happy"}'
METADATA = {"sequencer": "0A", "version-id": "v 1"}
PARAMETERS: dict[str, dict[str, Any]] = {
    "put_object": {"Body": DOCUMENT, "ContentType": "application/json", "Metadata": METADATA, "IfNoneMatch": "*"},
    "delete_object": {"IfMatch": '"etag"'},
}
GOOD = Reply(200, DOCUMENT, {"ETag": '"e1"', "x-amz-version-id": "v1", "x-amz-meta-sequencer": "0B"})
# Headers of botocore's retries; the signature covers them, and the time.
DIFFERENT = {"amz-sdk-invocation-id", "amz-sdk-request", "authorization", "x-amz-date"}
ODD_KEYS = [
    "inbox/a+b c%20.png",
    "inbox/../a//b/./c.png",
    "inbox/été 😀.png",
    "inbox/~a-b._c!*'();:@&=$,[]?#.png",
    'inbox/\t\n\x7f\\^`{|}<>".png',
]


@dataclass
class Server:
    """S3, of which a test says the answers.

    replies: the last one is given again and again.
    seen: the requests.
    pauses: how often our client waited before botocore sent a request again.
    """

    replies: list[Reply | None] = field(default_factory=lambda: [GOOD])
    seen: list[Exchange] = field(default_factory=list)
    pauses: int = 0

    def answer(self, exchange: Exchange, forward: Callable[[], Reply]) -> Reply | None:
        self.seen.append(exchange)
        reply = self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]
        return Reply(200, b"", GOOD.headers) if reply is GOOD and exchange.method != "GET" else reply

    def pause(self, longest: float) -> None:
        self.pauses += 1


@dataclass(frozen=True)
class Clients:
    """Ours, which makes two attempts, and botocore's, which makes one."""

    ours: Objects
    theirs: Any


def make_objects(read: float = 5) -> Objects:
    """Returns a client that makes two attempts."""
    return Objects(make_client("s3", Timeouts(2, read, 1), 1), Timeouts(2, read, 2), 1)


@pytest.fixture(scope="module")
def variables() -> Iterator[pytest.MonkeyPatch]:
    """The environment of a function on AWS."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
        patch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
        patch.setenv("AWS_SESSION_TOKEN", "a/token==")
        patch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
        patch.setenv("AWS_LAMBDA_FUNCTION_NAME", "inbox")
        patch.setenv("_X_AMZN_TRACE_ID", "Root=1-5759e988-bd862e3fe1be46a994272793")
        # The session remembers credentials.
        session.cache_clear()
        yield patch
    session.cache_clear()


@pytest.fixture(scope="module")
def door(variables: pytest.MonkeyPatch) -> Iterator[Proxy]:
    with proxy() as door:
        variables.setenv("AWS_ENDPOINT_URL_S3", door.url)
        yield door


@pytest.fixture(scope="module")
def clients(door: Proxy) -> Clients:
    return Clients(make_objects(), make_client("s3", Timeouts(2, 5, 1), 1))


@pytest.fixture
def server(door: Proxy, clients: Clients) -> Server:
    server = Server()
    door.intervene = server.answer
    clients.ours.pause = server.pause
    return server


def send(client: Any, operation: str, key: str = "inbox/a.png") -> Any:
    return getattr(client, operation)(Bucket="bucket", Key=key, **PARAMETERS.get(operation, {}))


def described(exchange: Exchange) -> dict[str, Any]:
    """A request, without what differs from one to the next."""
    headers = {name.lower(): value for name, value in exchange.headers.items() if name.lower() not in DIFFERENT}
    # Botocore adds which of its features a request uses.
    headers["user-agent"] = re.sub(r" m/\S+", "", headers["user-agent"])
    # Botocore waits until S3 asks for the body.
    headers.pop("expect", None)
    return {"method": exchange.method, "path": exchange.path, "body": exchange.body, "headers": headers}


@pytest.mark.parametrize("operation", METHODS)
def test_a_request_is_that_of_botocore_to_the_byte_and_is_signed(
    operation: str, server: Server, clients: Clients
) -> None:
    def require_equality(key: str) -> None:
        server.seen.clear()
        send(clients.ours, operation, key)
        send(clients.theirs, operation, key)
        ours, theirs = server.seen
        assert described(ours) == described(theirs)
        assert is_signed(ours, SECRET)
        assert is_signed(theirs, SECRET)

    for key in ODD_KEYS:
        require_equality(key)
    any_key = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=40)
    checks = [HealthCheck.function_scoped_fixture]
    settings(max_examples=40, deadline=None, suppress_health_check=checks)(given(any_key)(require_equality))()


def test_a_signature_of_other_bytes_is_noticed(server: Server, clients: Clients) -> None:
    """A test of the tests: they would notice a wrong signature."""
    send(clients.ours, "put_object")
    [exchange] = server.seen
    assert not is_signed(exchange, "another secret key")
    exchange.headers.replace_header("If-None-Match", "x")
    assert not is_signed(exchange, SECRET)


@pytest.mark.parametrize("operation", METHODS)
def test_an_answer_has_the_fields_that_botocore_would_return(operation: str, server: Server, clients: Clients) -> None:
    ours, theirs = send(clients.ours, operation), send(clients.theirs, operation)
    for name in ours.keys() & theirs.keys() - {"Body"}:
        assert ours[name] == theirs[name]
    if operation != "delete_object":
        assert ours["ETag"] == '"e1"'
    if operation == "get_object":
        assert ours["Body"].read() == theirs["Body"].read() == DOCUMENT
        assert ours["ContentLength"] == len(DOCUMENT)
        assert ours["Metadata"] == {"sequencer": "0B"}


@pytest.mark.parametrize("operation", METHODS)
@pytest.mark.parametrize(
    ("status", "body"),
    [
        (403, b"<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>"),
        (403, b"<Error><Code>InvalidObjectState</Code><StorageClass>GLACIER</StorageClass></Error>"),
        (404, b"<Error><Code>NoSuchKey</Code></Error>"),
        (404, b"<Error><Code>NoSuchBucket</Code></Error>"),
        (409, b"<Error><Code>ConditionalRequestConflict</Code></Error>"),
        (412, b"<Error><Code>PreconditionFailed</Code></Error>"),
        (404, b"not XML"),
        (404, b""),
    ],
)
def test_a_refusal_is_the_error_of_botocore_and_is_not_sent_again(
    operation: str, status: int, body: bytes, server: Server, clients: Clients
) -> None:
    # The answer to a HEAD request has no body.
    server.replies = [Reply(status, b"" if operation == "head_object" else body)]
    errors = []
    for client in (clients.ours, clients.theirs):
        with pytest.raises(ClientError) as caught:
            send(client, operation)
        errors.append((re.sub(r" \(reached.*?\)", "", str(caught.value)), caught.value.response["Error"]))
    assert errors[0] == errors[1]
    assert len(server.seen) == 2
    assert not server.pauses


@pytest.mark.parametrize(
    "failure",
    [
        Reply(500, b"<Error><Code>InternalError</Code></Error>"),
        Reply(503),
        Reply(429),
        Reply(200, b"<Error><Code>InternalError</Code></Error>"),
        None,
    ],
    ids=["500", "503", "429", "error in an answer with status 200", "closed"],
)
def test_after_a_failure_that_may_pass_botocore_sends_the_request_again(
    failure: Reply | None, server: Server, clients: Clients
) -> None:
    server.replies = [failure, GOOD]
    assert send(clients.ours, "put_object")["ETag"] == '"e1"'
    first, second = server.seen
    assert described(first) == described(second)
    assert server.pauses == 1


def test_a_failure_that_lasts_is_the_error_of_botocore(server: Server, clients: Clients) -> None:
    server.replies = [Reply(503, b"<Error><Code>SlowDown</Code></Error>")]
    with pytest.raises(ClientError, match="SlowDown"):
        send(clients.ours, "get_object")
    assert len(server.seen) == 2
    server.replies = [None]
    with pytest.raises(ConnectionClosedError):
        send(clients.ours, "get_object")


@pytest.mark.parametrize("code", ["ExpiredToken", "AuthorizationHeaderMalformed", "KeyTooLongError"])
def test_what_no_pause_can_change_is_sent_again_at_once(code: str, server: Server, clients: Clients) -> None:
    """Botocore knows what helps against some of these."""
    server.replies = [Reply(400, f"<Error><Code>{code}</Code></Error>".encode())]
    with pytest.raises(ClientError, match=code):
        send(clients.ours, "put_object")
    assert len(server.seen) == 2
    assert not server.pauses


def test_botocore_follows_redirects_of_young_buckets(server: Server, clients: Clients) -> None:
    moved = Reply(307, b"<Error><Code>TemporaryRedirect</Code></Error>", {"x-amz-bucket-region": "us-west-2"})
    server.replies = [moved, moved, GOOD]
    assert send(clients.ours, "get_object")["Body"].read() == DOCUMENT
    assert "/us-west-2/" in server.seen[-1].headers["Authorization"]


def test_an_object_that_is_cut_off_is_not_taken_for_a_whole_one(server: Server, clients: Clients) -> None:
    server.replies = [GOOD.cut_off()]
    body = send(clients.ours, "get_object")["Body"]
    with pytest.raises(BotoCoreError):
        body.read()


def test_an_object_with_another_checksum_is_not_accepted(server: Server, clients: Clients) -> None:
    server.replies = [Reply(200, DOCUMENT, GOOD.headers | {"x-amz-checksum-crc32": "AAAAAA=="})]
    body = send(clients.ours, "get_object")["Body"]
    with pytest.raises(FlexibleChecksumError):
        body.read()
    of_parts = {"x-amz-checksum-crc32": "AAAAAA==-3"}
    server.replies = [Reply(200, DOCUMENT, GOOD.headers | of_parts)]
    assert send(clients.ours, "get_object")["Body"].read() == DOCUMENT


def test_a_connection_is_used_again(server: Server, clients: Clients) -> None:
    for operation in METHODS:
        answer = send(clients.ours, operation)
        if operation == "get_object":
            answer["Body"].read()
    server.replies = [Reply(404)]
    for _ in range(2):
        with pytest.raises(ClientError):
            send(clients.ours, "get_object")
    assert len({exchange.caller for exchange in server.seen}) == 1


def test_a_request_that_botocore_would_not_send_is_not_sent(server: Server, clients: Clients) -> None:
    # A warning shows that the request was not made here.
    forged = {"Bucket": "bucket", "Key": "k", "Body": b"{}", "Metadata": {"sequencer": "é"}}
    with pytest.warns(RuntimeWarning, match="UnicodeEncodeError"), pytest.raises(BotoCoreError, match="ascii"):
        clients.ours.put_object(**forged)
    with pytest.raises(BotoCoreError, match="bucket name"):
        clients.ours.head_object(Bucket="not a bucket", Key="k")
    assert not server.seen


def test_a_silent_server_is_asked_again_after_the_timeout(server: Server, door: Proxy) -> None:
    released = threading.Event()

    def stay_silent(exchange: Exchange, forward: Callable[[], Reply]) -> None:
        server.seen.append(exchange)
        released.wait()

    door.intervene = stay_silent
    objects = make_objects(read=0.2)
    objects.pause = server.pause
    with pytest.raises(ReadTimeoutError):
        send(objects, "head_object")
    released.set()
    assert len(server.seen) == 2


def test_botocore_sends_all_requests_if_there_is_a_proxy(server: Server, door: Proxy) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HTTP_PROXY", door.url)
        patch.setenv("AWS_ENDPOINT_URL_S3", "http://s3.example")
        send(make_objects(), "head_object")
    [exchange] = server.seen
    assert exchange.path == "http://s3.example/bucket/inbox/a.png"


def test_a_server_without_a_known_certificate_gets_no_request(variables: pytest.MonkeyPatch, tmp_path: Path) -> None:
    certificate, server = make_certificate(tmp_path), Server()
    with proxy(certificate) as door, pytest.MonkeyPatch.context() as patch:
        door.intervene = server.answer
        patch.setenv("AWS_ENDPOINT_URL_S3", door.url)
        objects = make_objects()
        objects.pause = server.pause
        with pytest.raises(SSLError):
            send(objects, "put_object")
        assert not server.seen
        patch.setenv("AWS_CA_BUNDLE", str(certificate))
        send(make_objects(), "put_object")
    [exchange] = server.seen
    assert is_signed(exchange, SECRET)
    assert exchange.body == DOCUMENT
