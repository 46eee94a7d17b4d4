"""S3's requests about one object, for less than half of the processor time that botocore's client needs for them.

The inbox sends three of them for every image. Over TLS, botocore needs 1.1 ms of a processor for each: it checks the
parameters, finds out where to send the request, builds the client's name and calls dozens of handlers, every time
again. With the settings of botocore's Config it is 1.0 ms. Here it is 0.4 ms. A request without any library would need
0.1 ms. For a new connection, botocore needs 20 ms, and this 2 ms.

Botocore stays responsible. It says where it sends requests about a bucket and for which region it signs them. The
credentials, the signature, the connections, the bodies and the parser of errors are botocore's. And only one attempt is
made here. If that brings no answer, or one that botocore could retry or redirect, botocore sends the whole request
again. So only objects and refusals come from here, and all other failures are botocore's. Each of these requests may be
sent twice: it reads, or it has a condition.

AWS chooses the versions of botocore and urllib3. So types that urllib3 1.26 does not have are in quotation marks.
"""

import io
import os
import random
import re
import ssl
import time
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

import urllib3
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSPreparedRequest, AWSRequest, AWSResponse
from botocore.exceptions import BotoCoreError, ClientError
from botocore.handlers import add_recursion_detection_header
from botocore.httpchecksum import Crc32Checksum, Sha1Checksum, Sha256Checksum, StreamingChecksumBody
from botocore.httpsession import get_cert_path
from botocore.parsers import create_parser
from botocore.response import StreamingBody
from botocore.utils import get_environ_proxies, percent_encode

from mien.aws.clients import Timeouts, session

METHODS = {"get_object": "GET", "head_object": "HEAD", "put_object": "PUT", "delete_object": "DELETE"}
# Parameters that become headers.
HEADERS = {"ContentType": "Content-Type", "IfMatch": "If-Match", "IfNoneMatch": "If-None-Match"}
OTHER_PARAMETERS = {"Bucket", "Key", "Body", "Metadata"}
METADATA = "x-amz-meta-"
# Answers that botocore neither retries nor redirects.
REFUSALS = {HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT, HTTPStatus.PRECONDITION_FAILED}
# S3 may know one of an object. Botocore needs another library for the other kinds.
CHECKSUMS = {"crc32": Crc32Checksum, "sha1": Sha1Checksum, "sha256": Sha256Checksum}
SIGNATURE = re.compile(r"AWS4-HMAC-SHA256 Credential=[^,]*/\d{8}/([^/,]+)/s3/aws4_request, ")
# Seconds. Botocore's own first pause is as long.
LONGEST_PAUSE = 1.0


class OnlyBotocore(Exception):
    """Requests about this bucket are signed, or find their way, as only botocore knows."""


@dataclass(frozen=True)
class Place:
    """Where botocore sends the requests about a bucket, and how.

    url: of the bucket; ends with a slash.
    region: is part of the signature.
    agent: botocore's name for itself.
    pool: connections to the host.
    """

    url: str
    region: str
    agent: str
    pool: urllib3.HTTPConnectionPool

    @property
    def path(self) -> str:
        return urlsplit(self.url).path


class Objects:
    """Stands for botocore's client. Of the methods in METHODS, it knows those parameters that the functions use, and
    those fields of the answers.

    client: botocore's client for S3. It makes one attempt less than `timeouts` says.
    connections: how many threads send requests at once.
    pause: waits, for as many seconds at most.
    """

    def __init__(
        self,
        client: Any,
        timeouts: Timeouts,
        connections: int,
        pause: Callable[[float], None] = lambda longest: time.sleep(random.uniform(0, longest)),
    ):
        self.client = client
        self.pause = pause
        self.places: dict[str, Place] = {}
        self.credentials = session().get_credentials()
        self.pools = urllib3.PoolManager(
            maxsize=connections,
            timeout=urllib3.Timeout(connect=timeouts.connect, read=timeouts.read),
            # Botocore reads the certificates again for each connection, which takes 17 ms of a processor.
            ssl_context=ssl.create_default_context(cafile=certificates()),
        )
        # Neither the functions nor botocore itself send other requests of this kind.
        client.meta.events.register("before-send.s3.GetBucketVersioning", answer_unsent)

    def __getattr__(self, name: str) -> Any:
        """All other methods are those of botocore's client."""
        return getattr(self.client, name)

    def get_object(self, **parameters: Any) -> dict[str, Any]:
        return self.send("get_object", parameters)

    def head_object(self, **parameters: Any) -> dict[str, Any]:
        return self.send("head_object", parameters)

    def put_object(self, **parameters: Any) -> dict[str, Any]:
        return self.send("put_object", parameters)

    def delete_object(self, **parameters: Any) -> dict[str, Any]:
        return self.send("delete_object", parameters)

    def send(self, operation: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """Raises what botocore's client raises."""
        by_botocore = partial(getattr(self.client, operation), **parameters)
        try:
            response = self.attempt(operation, parameters)
            has_content = operation == "get_object"
            answer = read_answer(response, has_content)
            # S3 can answer that all is well, with an error as the content.
            is_error = not has_content and response.status == HTTPStatus.OK and response.data
            status = HTTPStatus.INTERNAL_SERVER_ERROR if is_error else response.status
        except OnlyBotocore:
            return by_botocore()
        except Exception as error:
            # Whatever it is, the next attempt is botocore's, and its error is the one that counts.
            status, answer = HTTPStatus.SERVICE_UNAVAILABLE, {}
            if not isinstance(error, (BotoCoreError, urllib3.exceptions.HTTPError)):
                # Python shows a warning once. A key is not in it: it can contain names of people.
                warnings.warn(f"botocore sends a request of S3: {type(error).__name__}", RuntimeWarning, stacklevel=1)
        if status < HTTPStatus.MULTIPLE_CHOICES:
            return answer
        if status in REFUSALS:
            raise ClientError(answer, self.client.meta.method_to_api_mapping[operation])
        if status >= HTTPStatus.INTERNAL_SERVER_ERROR or status == HTTPStatus.TOO_MANY_REQUESTS:
            self.pause(LONGEST_PAUSE)
        return by_botocore()

    def attempt(self, operation: str, parameters: Mapping[str, Any]) -> "urllib3.BaseHTTPResponse":
        """Sends a request once. The content of objects is not read yet."""
        place = self.place_of(parameters["Bucket"])
        name = percent_encode(parameters["Key"], safe="/-._~")
        body = parameters.get("Body")
        headers = {"User-Agent": place.agent, **headers_of(parameters)}
        if operation == "get_object":
            headers["x-amz-checksum-mode"] = "ENABLED"
        request = AWSRequest(METHODS[operation], place.url + name, headers, body)
        S3SigV4Auth(self.credentials.get_frozen_credentials(), "s3", place.region).add_auth(request)
        prepared = request.prepare()
        return place.pool.urlopen(
            prepared.method,
            place.path + name,
            prepared.body,
            dict(prepared.headers.items()),
            retries=False,
            redirect=False,
            preload_content=operation != "get_object",
            decode_content=False,
        )

    def place_of(self, bucket: str) -> Place:
        """Raises OnlyBotocore."""
        if bucket not in self.places:
            sent = self.client.get_bucket_versioning(Bucket=bucket)["ResponseMetadata"]["HTTPHeaders"]
            url = sent["url"].partition("?")[0].rstrip("/") + "/"
            signature = SIGNATURE.match(sent.get("authorization", ""))
            if not signature or get_environ_proxies(url):
                raise OnlyBotocore
            self.places[bucket] = Place(url, signature[1], sent["user-agent"], self.pools.connection_from_url(url))
        return self.places[bucket]


def certificates() -> str:
    """Returns botocore's file of certificates, by which it knows the servers of AWS."""
    return str(get_cert_path(os.environ.get("AWS_CA_BUNDLE") or os.environ.get("REQUESTS_CA_BUNDLE") or True))


def answer_unsent(request: AWSPreparedRequest, **_: Any) -> AWSResponse:
    """Answers a request instead of S3, with the headers and the address that it would have been sent with.

    Botocore sends no request for which a handler of the event `before-send` returns an answer.
    """
    headers = {name.lower(): value.decode() for name, value in request.headers.items() if isinstance(value, bytes)}
    nothing = urllib3.HTTPResponse(io.BytesIO(), preload_content=False)
    return AWSResponse(request.url, HTTPStatus.OK, {**headers, "url": request.url}, nothing)


def headers_of(parameters: Mapping[str, Any]) -> dict[str, str]:
    """Returns the headers for the parameters of a request. Raises KeyError for parameters that only botocore knows."""
    headers = {HEADERS[name]: parameters[name] for name in parameters.keys() - OTHER_PARAMETERS}
    for name, value in parameters.get("Metadata", {}).items():
        headers[METADATA + name] = value.encode("ascii").decode()
    if body := parameters.get("Body"):
        headers["x-amz-sdk-checksum-algorithm"] = "CRC32"
        headers["x-amz-checksum-crc32"] = Crc32Checksum().handle(body)
    add_recursion_detection_header({"headers": headers})
    return headers


def read_answer(response: "urllib3.BaseHTTPResponse", has_content: bool) -> dict[str, Any]:
    """Returns what botocore's client returns, or the content of its errors, as far as the functions use it."""
    headers, status = response.headers, response.status
    if status >= HTTPStatus.MULTIPLE_CHOICES:
        error = {"status_code": status, "headers": headers, "body": response.data, "context": {}}
        return create_parser("rest-xml").parse(error, None) if status in REFUSALS else {}
    metadata = {name.lower(): value for name, value in headers.items()}
    answer: dict[str, Any] = {
        "Metadata": {n.removeprefix(METADATA): value for n, value in metadata.items() if n.startswith(METADATA)}
    }
    for field, header in {"ETag": "ETag", "VersionId": "x-amz-version-id"}.items():
        if header in headers:
            answer[field] = headers[header]
    if has_content:
        answer |= {"ContentLength": int(headers["Content-Length"]), "Body": body_of(response)}
    return answer


def body_of(response: "urllib3.BaseHTTPResponse") -> StreamingBody:
    """Returns the unread content of an object. Reading it raises an error if it is cut or has another checksum."""
    length = response.headers["Content-Length"]
    for algorithm, checksum in CHECKSUMS.items():
        expected = response.headers.get(f"x-amz-checksum-{algorithm}")
        # Those of objects that were uploaded in parts are not of their content: `checksum-3`.
        if expected and "-" not in expected:
            return StreamingChecksumBody(response, length, checksum(), expected)
    return StreamingBody(response, length)
