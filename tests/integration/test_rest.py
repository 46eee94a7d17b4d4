"""POST /classify and GET /health, over HTTP, through the deployed API."""

import base64
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from local import template
from local.cloud import ENDPOINT_NAME, REGION, STACK, Cloud
from local.paths import SAMPLES
from local.stack import set_gateway_responses
from mien.logic.requests import MAX_IMAGES
from tests import corpus
from tests.support.rest import Send, sending


@pytest.fixture(scope="session")
def post(send: Send) -> Send:
    return lambda data, kind, **headers: send("POST", "/classify", data, Content_Type=kind, **headers)


def test_the_three_forms_get_the_same_answer(post: Any, sample: bytes) -> None:
    encoded = base64.b64encode(sample)
    article = post(encoded, "text/plain")
    as_json = post(json.dumps({"image": encoded.decode()}).encode(), "application/json")
    raw = post(sample, "image/png")
    assert article.body == as_json.body == raw.body
    assert (raw.status, raw.kind, raw.json["label"]) == (200, "application/json", "happy")
    assert sum(raw.json["probabilities"].values()) == pytest.approx(1, abs=0.001)


def test_the_word_alone_is_the_articles_answer(post: Any, sample: bytes) -> None:
    answer = post(base64.b64encode(sample), "text/plain", Accept="text/plain")
    assert (answer.kind.partition(";")[0], answer.body) == ("text/plain", "happy\n")


def test_a_jpeg_is_taken_as_it_is(post: Any) -> None:
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
def test_an_error_says_in_a_sentence_whose_fault_it_is(data: bytes, kind: str, status: int, post: Any) -> None:
    answer = post(data, kind)
    assert (answer.status, answer.kind) == (status, "application/problem+json")
    assert answer.json["status"] == status
    assert "Traceback" not in answer.body
    assert "mien" not in answer.body


def test_several_images_are_answered_in_their_order(post: Send, sample: bytes) -> None:
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
    # In a batch the model adds up in another order than alone.
    assert entries[0]["probabilities"] == pytest.approx(alone["probabilities"], abs=0.001)
    assert post(body, "application/json", Accept="text/plain").body == "happy\nrejected\nsad\nrejected\nhappy\n"


def test_as_many_images_as_the_limit_says_are_classified(post: Send, sample: bytes) -> None:
    several = {"images": [base64.b64encode(sample).decode()] * MAX_IMAGES}
    entries = post(json.dumps(several).encode(), "application/json").json["results"]
    assert [entry["label"] for entry in entries] == ["happy"] * MAX_IMAGES


def test_health_says_that_the_model_answers(send: Send) -> None:
    answer = send("GET", "/health")
    assert (answer.status, answer.json) == (200, {"status": "up"})


def test_an_answer_says_how_long_the_function_took_and_of_that_the_model(post: Send, sample: bytes) -> None:
    timing = post(sample, "image/png").headers["Server-Timing"]
    model, function = (float(part.partition("dur=")[2]) for part in timing.split(", "))
    assert timing.startswith("model;dur=")
    assert 0 < model < function


@pytest.mark.parametrize("path", ["/classify", "/health"])
def test_nobody_is_answered_without_a_key(path: str, send: Send, sample: bytes) -> None:
    method = {"/classify": "POST", "/health": "GET"}[path]
    answer = send(method, path, sample if method == "POST" else None, x_api_key="guessed", Content_Type="image/png")
    assert (answer.status, answer.kind, answer.json["status"]) == (403, "application/problem+json", 403)


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/classify"), ("DELETE", "/health"), ("GET", "/nowhere"), ("POST", "/classify/more")]
)
def test_what_is_not_there_is_a_problem_too(method: str, path: str, send: Send) -> None:
    answer = send(method, path)
    assert (answer.status, answer.kind, answer.json["status"]) == (404, "application/problem+json", 404)


@pytest.mark.parametrize(
    ("method", "path", "headers"),
    [("GET", "/health", {}), ("POST", "/classify", {}), ("GET", "/health", {"x_api_key": ""}), ("GET", "/nowhere", {})],
)
def test_every_answer_is_closed_to_browsers(method: str, path: str, headers: dict[str, str], send: Send) -> None:
    answer = send(method, path, Origin="https://faces.example.com", **headers)
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Content-Security-Policy"] in ("sandbox", "default-src 'none'; frame-ancestors 'none'")
    assert answer.headers["Cache-Control"] == "no-store"
    assert not [name for name in answer.headers if name.lower().startswith("access-control")]


@pytest.mark.parametrize("path", ["/classify", "/health"])
def test_a_preflight_is_not_answered(path: str, send: Send) -> None:
    answer = send("OPTIONS", path, Origin="https://faces.example.com", Access_Control_Request_Method="POST")
    assert answer.status == 404
    assert not [name for name in answer.headers if name.lower().startswith("access-control")]


def test_a_stack_that_names_an_origin_lets_its_pages_read_answers(cloud: Cloud) -> None:
    """MiniStack ignores preflights in the API's definition; tests/unit/template/test_cors.py tests them."""
    origin = "https://faces.example.com"
    with another_stack(cloud, CorsOrigin=origin) as opened:
        answer = sending(opened)("GET", "/health", Origin=origin)
    assert (answer.status, answer.headers["Access-Control-Allow-Origin"]) == (200, origin)


def test_a_stack_that_asks_for_iam_answers_who_signs_and_has_no_page(cloud: Cloud) -> None:
    """MiniStack looks whether a request is signed, and not by whom: it has no policies."""
    with another_stack(cloud, ApiAuth="iam") as closed:
        send = sending(closed)
        unsigned = send("GET", "/health", x_api_key=cloud.api_key)
        request = AWSRequest("GET", closed.classify_url.removesuffix("classify") + "health")
        SigV4Auth(Credentials("000000000000", "embedded"), "execute-api", REGION).add_auth(request)
        signed = send("GET", "/health", **{name.replace("-", "_"): value for name, value in request.headers.items()})
        page = send("GET", "/", x_api_key="")
    assert (unsigned.status, unsigned.json["reason"]) == (403, "forbidden")
    assert (signed.status, signed.json) == (200, {"status": "up"})
    assert page.status == 403
    assert set(cloud.outputs) - set(closed.outputs) == {"ApiKeyId", "PageUrl"}


@contextmanager
def another_stack(cloud: Cloud, **parameters: str) -> Iterator[Cloud]:
    """The application once more, beside the one that is deployed, with other parameters."""
    cloudformation, name = cloud.client("cloudformation"), f"{STACK}-again"
    [code] = cloud.client("s3").list_objects_v2(Bucket=f"{STACK}-code")["Contents"]
    patience = {"Delay": 0.2, "MaxAttempts": 300}
    cloudformation.create_stack(
        StackName=name,
        TemplateBody=json.dumps(template.packaged_template(f"{STACK}-code", code["Key"])),
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
