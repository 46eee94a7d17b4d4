"""POST /classify and GET /health, over HTTP, through the deployed API."""

import base64
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from local.cloud import ACCOUNT, ENDPOINT_NAME, REGION, STACK, Cloud
from local.paths import SAMPLES
from local.stack import set_gateway_responses, template_url
from mien import __version__
from mien.logic import requests
from mien.logic.requests import MAX_IMAGES
from operate.versions import delete_versions, list_versions
from tests import corpus
from tests.support.labels import LABELS
from tests.support.rest import Post, Send, sending


@pytest.fixture(scope="session")
def post(send: Send) -> Post:
    return lambda data, content_type, **headers: send("POST", "/classify", data, Content_Type=content_type, **headers)


def test_the_three_forms_of_a_body_get_the_same_answer(post: Post, sample: bytes) -> None:
    encoded = base64.b64encode(sample)
    plain = post(encoded, "text/plain")
    as_json = post(json.dumps({"image": encoded.decode()}).encode(), "application/json")
    raw = post(sample, "image/png")
    assert plain.body == as_json.body == raw.body
    assert (raw.status, raw.content_type, raw.json["label"]) == (200, "application/json", "happy")
    assert sum(raw.json["probabilities"].values()) == pytest.approx(1, abs=0.001)


@pytest.mark.parametrize(
    "kind",
    ["image/jpg", "image/pjpeg", "image/x-png", "image/x-ms-bmp", "binary/octet-stream", requests.CURL_DEFAULT],
)
def test_a_file_is_classified_under_every_type_that_clients_send(kind: str, post: Post, sample: bytes) -> None:
    assert post(sample, kind).json["label"] == "happy"


def test_the_files_of_a_form_are_classified(post: Post, sample: bytes) -> None:
    part = b'--b\r\nContent-Disposition: form-data; name="f"; filename="1.png"\r\nContent-Type: image/png\r\n\r\n'
    one, kind = part + sample + b"\r\n", "multipart/form-data; boundary=b"
    assert post(one + b"--b--\r\n", kind).json["label"] == "happy"
    several = post(one + one + b"--b--\r\n", kind).json["results"]
    assert [entry["label"] for entry in several] == ["happy", "happy"]


@pytest.mark.parametrize("kind", ["", "text/plain"])
def test_a_file_that_api_gateway_reads_as_text_gets_a_sentence_that_says_what_to_send(
    kind: str, post: Post, sample: bytes
) -> None:
    answer = post(sample, kind)
    assert (answer.status, answer.json["reason"]) == (400, "not_base64")
    assert requests.WHAT_TO_SEND in answer.json["detail"]


def test_a_client_that_prefers_plain_text_gets_the_label_alone(post: Post, sample: bytes) -> None:
    answer = post(base64.b64encode(sample), "text/plain", Accept="text/plain")
    assert (answer.content_type.partition(";")[0], answer.body) == ("text/plain", "happy\n")


def test_a_jpeg_is_classified(post: Post) -> None:
    answer = post(corpus.GOOD["color.jpg"].data, "image/jpeg")
    assert (answer.status, answer.json["image"]) == (200, {"width": 48, "height": 48})


@pytest.mark.parametrize(
    ("data", "kind", "status"),
    [
        (b"not an image", "image/png", 400),
        (b"***", "text/plain", 400),
        (b"{}", "application/json", 400),
        (b"<x/>", "application/xml", 415),
        (b"x", "image/heic", 415),
        (corpus.BAD["1x1.png"].data, "image/png", 422),
        (corpus.BAD["small bomb.png"].data, "image/png", 413),
        (bytes(4_600_000), "image/png", 413),
    ],
    ids=lambda value: str(value)[:20],
)
def test_an_error_is_a_problem_document_without_internals(data: bytes, kind: str, status: int, post: Post) -> None:
    answer = post(data, kind)
    assert (answer.status, answer.content_type) == (status, "application/problem+json")
    assert answer.json["status"] == status
    assert "Traceback" not in answer.body
    assert "mien" not in answer.body


def test_several_images_are_answered_in_their_order(post: Post, sample: bytes) -> None:
    sad = (SAMPLES / "sad" / "2.png").read_bytes()
    images = [sample, b"text", sad, corpus.BAD["1x1.png"].data, sample]
    body = json.dumps({"images": [base64.b64encode(image).decode() for image in images]}).encode()
    entries = post(body, "application/json").json["results"]
    assert [entry.get("label", entry.get("reason")) for entry in entries] == [
        "happy",
        "not_an_image",
        "sad",
        "too_small",
        "happy",
    ]
    alone = post(sample, "image/png").json
    assert entries[0] == entries[4]
    # The model adds floating-point numbers in another order in a batch than for a single image.
    assert entries[0]["probabilities"] == pytest.approx(alone["probabilities"], abs=0.001)
    assert post(body, "application/json", Accept="text/plain").body == "happy\nrejected\nsad\nrejected\nhappy\n"


def test_a_list_of_the_maximum_length_is_classified(post: Post, sample: bytes) -> None:
    several = {"images": [base64.b64encode(sample).decode()] * MAX_IMAGES}
    entries = post(json.dumps(several).encode(), "application/json").json["results"]
    assert [entry["label"] for entry in entries] == ["happy"] * MAX_IMAGES


def test_health_is_up_while_the_model_answers(send: Send) -> None:
    answer = send("GET", "/health")
    assert (answer.status, answer.json["status"], answer.json["version"]) == (200, "up", __version__)
    assert answer.json["labels"] == list(LABELS)


def test_an_answer_has_the_times_of_the_function_and_of_the_model(post: Post, sample: bytes) -> None:
    timing = post(sample, "image/png").headers["Server-Timing"]
    model, function = (float(part.partition("dur=")[2]) for part in timing.split(", "))
    assert timing.startswith("model;dur=")
    assert 0 < model < function


@pytest.mark.parametrize("path", ["/classify", "/health"])
def test_every_request_needs_the_api_key(path: str, send: Send, sample: bytes) -> None:
    method = {"/classify": "POST", "/health": "GET"}[path]
    answer = send(method, path, sample if method == "POST" else None, x_api_key="guessed", Content_Type="image/png")
    assert (answer.status, answer.content_type, answer.json["status"]) == (403, "application/problem+json", 403)


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/classify"), ("DELETE", "/health"), ("GET", "/nowhere"), ("POST", "/classify/more")]
)
def test_an_unknown_path_or_method_is_a_problem_document(method: str, path: str, send: Send) -> None:
    answer = send(method, path)
    assert (answer.status, answer.content_type, answer.json["status"]) == (404, "application/problem+json", 404)


@pytest.mark.parametrize(
    ("method", "path", "headers"),
    [("GET", "/health", {}), ("POST", "/classify", {}), ("GET", "/health", {"x_api_key": ""}), ("GET", "/nowhere", {})],
)
def test_every_answer_has_the_security_headers(
    method: str, path: str, headers: dict[str, str], send: Send, cloud: Cloud
) -> None:
    # The gate of the embedded cloud refuses other origins than its own, before the API sees them.
    answer = send(method, path, None, Origin=cloud.url, **headers)
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Content-Security-Policy"] in ("sandbox", "default-src 'none'; frame-ancestors 'none'")
    assert answer.headers["Cache-Control"] == "no-store"
    assert not [name for name in answer.headers if name.lower().startswith("access-control")]


@pytest.mark.parametrize("path", ["/classify", "/health"])
def test_a_preflight_is_not_answered(path: str, send: Send, cloud: Cloud) -> None:
    answer = send("OPTIONS", path, Origin=cloud.url, Access_Control_Request_Method="POST")
    assert answer.status == 404
    assert not [name for name in answer.headers if name.lower().startswith("access-control")]


def test_an_allowed_origin_may_read_answers(cloud: Cloud) -> None:
    """MiniStack ignores preflights in the API's definition; tests/unit/template/test_cors.py tests them.

    The gate of the embedded cloud refuses this origin, so the request names none. The answer does not depend on it.
    """
    origin = "https://faces.example.com"
    with another_stack(cloud, CorsOrigin=origin) as opened:
        answer = sending(opened)("GET", "/health")
    assert (answer.status, answer.headers["Access-Control-Allow-Origin"]) == (200, origin)


def test_a_stack_with_iam_answers_signed_requests_and_has_no_page(cloud: Cloud) -> None:
    """MiniStack checks that a request is signed, but not by whom, because it does not evaluate policies."""
    with another_stack(cloud, ApiAuth="iam") as closed:
        send = sending(closed)
        unsigned = send("GET", "/health", x_api_key=cloud.api_key)
        request = AWSRequest("GET", closed.classify_url.removesuffix("classify") + "health")
        SigV4Auth(Credentials("000000000000", "embedded"), "execute-api", REGION).add_auth(request)
        signed = send("GET", "/health", **{name.replace("-", "_"): value for name, value in request.headers.items()})
        page = send("GET", "/", x_api_key="")
    assert (unsigned.status, unsigned.json["reason"]) == (403, "forbidden")
    assert (signed.status, signed.json["status"]) == (200, "up")
    assert page.status == 403
    assert set(cloud.outputs) - set(closed.outputs) == {"ApiKeyId", "PageUrl"}


@contextmanager
def another_stack(cloud: Cloud, **parameters: str) -> Iterator[Cloud]:
    """Deploys the application a second time, with other parameters."""
    cloudformation, name = cloud.client("cloudformation"), f"{STACK}-again"
    patience = {"Delay": 0.2, "MaxAttempts": 300}
    cloudformation.create_stack(
        StackName=name,
        TemplateURL=template_url(cloud),
        Parameters=[
            {"ParameterKey": parameter, "ParameterValue": value}
            for parameter, value in {"EndpointName": ENDPOINT_NAME, **parameters}.items()
        ],
        Capabilities=["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"],
    )
    try:
        cloudformation.get_waiter("stack_create_complete").wait(StackName=name, WaiterConfig=patience)
        [described] = cloudformation.describe_stacks(StackName=name)["Stacks"]
        other = replace(cloud, outputs={output["OutputKey"]: output["OutputValue"] for output in described["Outputs"]})
        set_gateway_responses(other, **parameters)
        yield other
    finally:
        cloudformation.delete_stack(StackName=name)
        cloudformation.get_waiter("stack_delete_complete").wait(StackName=name, WaiterConfig=patience)
        # The bucket survives the stack, and its name would block the next one.
        s3, bucket = cloud.client("s3"), f"{name}-{ACCOUNT}-{REGION}"
        for page in list_versions(s3, bucket, ""):
            delete_versions(s3, bucket, page)
        s3.delete_bucket(Bucket=bucket)
