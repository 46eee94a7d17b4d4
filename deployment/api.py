"""Asks the deployed API once, as a client would: for its health, and for the label of a sample."""

import json
import os
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest

from deployment.errors import DeploymentError

SAMPLE = Path(__file__).parent.parent / "samples" / "faces" / "happy" / "1.png"
# API Gateway itself answers after 29 s at the latest.
TIMEOUT_SECONDS = 35
# A new API needs seconds until it is known everywhere, and a serverless endpoint up to minutes until it answers.
MAX_ATTEMPTS = 40
# What may pass: the API is not yet known or its key is not, too many requests, or the model is starting.
PASSING_STATUSES = (403, 404, 429, 500, 502, 503, 504)


@dataclass(frozen=True)
class Api:
    """How a client calls the API of a stack.

    url: its address without a slash at the end, such as https://ID.execute-api.REGION.amazonaws.com/api.
    key: the API key; None if the API wants requests that are signed with AWS credentials.
    credentials, region: to sign such requests.
    """

    url: str
    key: str | None
    credentials: Any
    region: str

    def send(self, method: str, path: str, body: bytes | None = None, content_type: str = "") -> tuple[int, bytes]:
        """Sends a request and returns the status and the body. Raises OSError if there is no answer."""
        headers = {"Content-Type": content_type} if content_type else {}
        if self.key is not None:
            headers["x-api-key"] = self.key
        url = f"{self.url}{path}"
        if self.key is None:
            signed = AWSRequest(method, url, headers=headers, data=body or b"")
            SigV4Auth(self.credentials, "execute-api", self.region).add_auth(signed)
            headers = dict(signed.headers.items())
        request = urllib.request.Request(url, data=body, headers=headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            return error.code, error.read()


def api_url(outputs: Mapping[str, str], environment: Mapping[str, str] = os.environ) -> str:
    """The API's address.

    outputs: of the application's stack.
    An emulation of AWS (AWS_ENDPOINT_URL) serves the API below its own address, because it can't have the domain of
    API Gateway. LocalStack and MiniStack have the same path for this.
    """
    url = outputs["ClassifyUrl"].removesuffix("/classify")
    emulation = environment.get("AWS_ENDPOINT_URL")
    if not emulation:
        return url
    host, _, stage = url.removeprefix("https://").partition("/")
    return f"{emulation.rstrip('/')}/restapis/{host.partition('.')[0]}/{stage}/_user_request_"


def connect(outputs: Mapping[str, str], session: Any) -> Api:
    """Returns the API of a stack, with its key. outputs: of the stack. session: boto3's."""
    key = None
    if key_id := outputs.get("ApiKeyId"):
        key = str(session.client("apigateway").get_api_key(apiKey=key_id, includeValue=True)["value"])
    return Api(api_url(outputs), key, session.get_credentials(), session.region_name)


def ask_once(api: Api, pause: Callable[[], None], on_wait: Callable[[str], None]) -> dict[str, Any]:
    """Waits until the API says that the model is up, and returns the API's answer to a sample image.

    pause: is called between two attempts.
    on_wait: is called with the reason for each pause.

    Raises DeploymentError with the API's own words if it does not answer well.
    """
    send_until_good(api, "GET", "/health", None, pause, on_wait)
    answer = send_until_good(api, "POST", "/classify", SAMPLE.read_bytes(), pause, on_wait)
    document: dict[str, Any] = json.loads(answer)
    return document


def send_until_good(
    api: Api, method: str, path: str, body: bytes | None, pause: Callable[[], None], on_wait: Callable[[str], None]
) -> bytes:
    for attempt in range(1, MAX_ATTEMPTS + 1):
        try:
            status, answer = api.send(method, path, body, "image/png" if body else "")
        except OSError as error:
            status, answer, reason = 0, b"", str(error)
        else:
            reason = f"{status}: {explain(answer)}"
        if status == 200:
            return answer
        if (status and status not in PASSING_STATUSES) or attempt == MAX_ATTEMPTS or is_final(answer):
            break
        on_wait(reason)
        pause()
    raise DeploymentError(f"the API was deployed, but {method} {api.url}{path} fails ({reason})")


def explain(answer: bytes) -> str:
    """What an answer says about its error: the field detail, as in openapi.yaml, or a part of the text."""
    problem = parse(answer)
    return str(problem.get("detail") or answer[:200].decode(errors="replace"))


def is_final(answer: bytes) -> bool:
    """Whether the answer says that the wrong model is behind the endpoint, which no waiting changes."""
    return parse(answer).get("reason") == "wrong_model"


def parse(answer: bytes) -> dict[str, Any]:
    try:
        problem = json.loads(answer)
    except ValueError:
        return {}
    return problem if isinstance(problem, dict) else {}
