"""What the API answers, and with which status: its handler, with endpoints that do what a test needs."""

import base64
import importlib
import json
import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import pytest

from local import cloud, template
from mien.aws.endpoint import Endpoint, Silent, Throttled, Unavailable
from mien.errors import Hopeless, OutOfTime, Rejected, TryAgain
from mien.logic.circuit import THRESHOLD
from mien.logic.deadline import ANSWERING, Deadline
from mien.logic.problems import RETRY_AFTER, problem_of
from mien.logic.requests import MAX_BODY_BYTES, MAX_CALLS, MAX_IMAGES, Refused, images_of
from mien.pipeline.health import INTERVAL, Health
from tests import corpus
from tests.support.openapi import answer_errors, operations
from tests.support.runtime import Said, content, runtime, serving

EVEN = [1 / 7] * 7
JSON = "application/json"
SECONDS = template.load_template()["Mappings"]["Seconds"]["Api"]["Timeout"]


def encoded(data: bytes) -> str:
    return base64.b64encode(data).decode()


def body_of(*images: bytes) -> str:
    return json.dumps({"images": [encoded(image) for image in images]})


@dataclass(frozen=True)
class Context:
    """Of an invocation that has so many seconds left."""

    seconds: float = SECONDS
    function_name: str = "api"
    memory_limit_in_mb: int = 1024
    invoked_function_arn: str = "arn:aws:lambda:us-east-1:000000000000:function:api"
    aws_request_id: str = "request"

    def get_remaining_time_in_millis(self) -> int:
        return round(self.seconds * 1000)


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: str

    @property
    def json(self) -> Any:
        return json.loads(self.body)


Client = Callable[..., Answer]
deadline_of = Deadline.of


def unhurried(invocation: Any) -> Deadline:
    """Waits for nothing between attempts."""
    return replace(deadline_of(invocation), sleep=lambda _: None)


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Client]:
    """Calls a fresh process of the function, with its endpoint at an address. openapi.yaml must know each answer."""

    def fresh(endpoint: str = "http://127.0.0.1:9", **variables: str) -> Client:
        monkeypatch.setenv("AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME", endpoint)
        for variable, value in (template.function_environment(cloud.UNDEPLOYED_REFERENCES) | variables).items():
            monkeypatch.setenv(variable, value)
        module = importlib.reload(importlib.import_module("mien.handlers.api"))
        monkeypatch.setattr(Deadline, "of", staticmethod(unhurried))

        def call(
            body: str = "", content_type: str = JSON, method: str = "POST", path: str = "/classify", **more: Any
        ) -> Answer:
            headers = {"Content-Type": content_type} | more.get("headers", {})
            event = {
                "httpMethod": method,
                "path": path,
                "headers": headers,
                "requestContext": {"stage": "v1", "path": f"/v1{path}"},
                "body": body,
                "isBase64Encoded": more.get("binary", False),
                "pathParameters": more.get("parameters"),
                "queryStringParameters": None,
            }
            said = module.handler(event, Context(more.get("seconds", SECONDS)))
            named = {name: ", ".join(values) for name, values in said["multiValueHeaders"].items()}
            answer = Answer(said["statusCode"], named, said["body"])
            if (method.lower(), path) in operations():
                kind = named["Content-Type"]
                read = answer.json if "json" in kind else answer.body
                assert answer_errors(method.lower(), path, answer.status, kind, read) == []
            return answer

        return call

    return fresh


def even(body: bytes) -> Said:
    """As our container answers: a row for each of the faces that came."""
    count = int(body.partition(b"'shape': (")[2].partition(b",")[0])
    return 200, content([EVEN] * count), None


def test_several_images_are_one_call_and_answered_in_their_order(client: Any, sample: bytes) -> None:
    images = [sample, b"text", corpus.BAD["1x1.png"].data, corpus.GOOD["large.png"].data, b""]
    with serving(even) as (url, asked):
        answer = client(url)(body_of(*images))
    assert len(asked) == 1
    assert answer.status == 200
    assert [entry.get("reason", entry["status"]) for entry in answer.json["results"]] == [
        "classified",
        "not_an_image",
        "too_small",
        "classified",
        "empty",
    ]
    assert [entry["image"].get("width") for entry in answer.json["results"]][::3] == [48, 960]


def test_what_is_no_base64_is_rejected_alone(client: Any, sample: bytes) -> None:
    with serving(even) as (url, _):
        answer = client(url)(json.dumps({"images": ["***", encoded(sample)]}))
    assert [entry.get("reason", entry["status"]) for entry in answer.json["results"]] == ["not_base64", "classified"]


def test_a_list_of_one_is_answered_as_a_list(client: Any, sample: bytes) -> None:
    with serving(even) as (url, _):
        answer = client(url)(body_of(sample))
    assert [entry["status"] for entry in answer.json["results"]] == ["classified"]


def test_images_none_of_which_is_one_cost_no_call(client: Any) -> None:
    with serving(even) as (url, asked):
        answer = client(url)(body_of(b"a", b"b"))
    assert (answer.status, asked) == (200, [])


def test_as_text_several_images_are_a_line_each(client: Any, sample: bytes) -> None:
    with serving(even) as (url, _):
        answer = client(url)(body_of(sample, b"text"), headers={"Accept": "text/plain"})
    assert answer.body == "angry\nrejected\n"


def test_as_many_images_as_the_limit_says_are_one_call_and_more_are_refused(client: Any, sample: bytes) -> None:
    with serving(even) as (url, asked):
        call = client(url)
        assert len(call(body_of(*[sample] * MAX_IMAGES)).json["results"]) == MAX_IMAGES
        assert len(asked) == 1
        refused = call(body_of(*[sample] * (MAX_IMAGES + 1)))
    assert (refused.status, refused.json["reason"], len(asked)) == (413, "too_many_images", 1)


def test_where_an_image_is_a_call_one_request_makes_few_of_them(client: Any, sample: bytes) -> None:
    with runtime(200, EVEN) as (url, asked):
        call = client(url, ENDPOINT_INPUT="image")
        assert len(call(body_of(*[sample] * MAX_CALLS)).json["results"]) == MAX_CALLS
        assert len(asked) == MAX_CALLS
        assert call(body_of(*[sample] * (MAX_CALLS + 1))).status == 413
    assert len(asked) == MAX_CALLS


def test_an_image_that_fails_the_model_fails_no_other(client: Any, sample: bytes) -> None:
    poison = bytes([77]) * 100

    def judge(body: bytes) -> Said:
        if poison in body:
            failure = {"OriginalStatusCode": 500, "OriginalMessage": "secret", "Message": "secret"}
            return 424, content(failure), "ModelError"
        return even(body)

    bad = corpus.encoded(corpus.gray().point(lambda _: 77), "PNG")
    with serving(judge) as (url, _):
        answer = client(url)(body_of(sample, bad, sample))
    assert [entry["status"] for entry in answer.json["results"]] == ["classified", "failed", "classified"]
    assert answer.json["results"][1]["reason"] == "unavailable"
    assert "secret" not in answer.body


def test_images_for_which_there_is_no_time_are_not_read_and_fail_no_other(
    client: Any, sample: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [0.0]
    with serving(even) as (url, asked):
        call = client(url)
        monkeypatch.setattr(Deadline, "of", staticmethod(lambda _: Deadline(SECONDS - ANSWERING, clock=lambda: now[0])))
        api = importlib.import_module("mien.handlers.api")
        read, half = api.endpoint.face, reading_time(api) / 2

        def slowly(data: bytes) -> Any:
            now[0] += half
            return read(data)

        monkeypatch.setattr(api.endpoint, "face", slowly)
        answer = call(body_of(*[sample] * 3))
    assert [entry["status"] for entry in answer.json["results"]] == ["classified", "classified", "failed"]
    assert answer.json["results"][2]["reason"] == "timeout"
    assert len(asked) == 1


def test_the_time_that_a_call_leaves_is_a_tenth_of_a_second_for_each_image() -> None:
    assert reading_time(importlib.import_module("mien.handlers.api")) / MAX_IMAGES >= 0.1


def reading_time(api: Any) -> float:
    """Seconds that one request's images may take to be read."""
    return float(SECONDS - ANSWERING - api.endpoint.longest - api.SLOWEST)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ('{"images": []}', "malformed"),
        ('{"images": [1]}', "malformed"),
        ('{"images": "aaaa"}', "malformed"),
        ('{"images": null}', "malformed"),
        ('{"image": "aaaa", "images": ["aaaa"]}', "malformed"),
        ('"images"', "malformed"),
    ],
)
def test_a_list_that_cannot_be_read_is_refused_as_a_whole(body: str, reason: str, client: Any) -> None:
    answer = client()(body)
    assert (answer.status, answer.json["reason"]) == (400, reason)


def test_the_images_of_a_list_may_be_as_large_together_as_one() -> None:
    half = encoded(bytes(MAX_BODY_BYTES // 2))
    assert images_of(json.dumps({"images": [half, half]}), False, JSON) == [half, half]
    with pytest.raises(Refused) as refused:
        images_of(json.dumps({"images": [half, half, "AAAAAAAA"]}), False, JSON)
    assert (refused.value.status, refused.value.reason) == (413, "too_large")


@pytest.mark.parametrize(
    ("data", "status", "reason"),
    [
        (b"text", 400, "not_an_image"),
        (corpus.BAD["small bomb.png"].data, 413, "too_many_pixels"),
        (corpus.BAD["30000x30000.png"].data, 413, "too_many_pixels"),
        (corpus.BAD["1x1.png"].data, 422, "too_small"),
        (corpus.BAD["header alone.png"].data, 422, "broken_image"),
        (corpus.BAD["many segments.jpg"].data, 422, "too_complex"),
        (corpus.BAD["32-bit float.tiff"].data, 422, "unsupported_pixels"),
    ],
    ids=lambda value: str(value)[:20],
)
def test_an_image_that_cannot_be_classified_says_why(data: bytes, status: int, reason: str, client: Any) -> None:
    answer = client()(encoded(data), "image/png", binary=True)
    assert (answer.status, answer.json["reason"]) == (status, reason)


@pytest.mark.parametrize("kind", ["image/heic", "image/svg+xml", "multipart/form-data", "application/xml", "text/html"])
def test_whoever_sends_a_type_that_is_not_taken_is_told_those_that_are(kind: str, client: Any) -> None:
    answer = client()("body", kind)
    assert (answer.status, answer.json["reason"]) == (415, "unsupported_type")
    assert {"image/jpeg", JSON, "text/plain"} <= set(answer.headers["Accept"].split(", "))


def test_a_compressed_body_is_not_taken(client: Any, sample: bytes) -> None:
    answer = client()(encoded(sample), "image/png", binary=True, headers={"Content-Encoding": "gzip"})
    assert (answer.status, answer.json["reason"]) == (415, "unsupported_coding")
    assert answer.headers["Accept-Encoding"] == "identity"


def test_what_is_encoded_only_at_its_beginning_is_the_clients_mistake(client: Any) -> None:
    answer = client()(encoded(b"A" * 64 + b"\xff" * 64), "image/png", binary=True)
    assert (answer.status, answer.json["reason"]) == (400, "not_base64")


MODEL_FAILED = {"OriginalStatusCode": 500, "OriginalMessage": "secret", "Message": "secret"}
MODEL_REFUSED = {"OriginalStatusCode": 415, "OriginalMessage": "secret", "Message": "secret"}


@pytest.mark.parametrize(
    ("status", "body", "error", "expected", "reason"),
    [
        (400, b"", "ThrottlingException", 429, "throttled"),
        (400, b"", "", 429, "throttled"),
        (429, b"", "ModelNotReadyException", 503, "unavailable"),
        (503, b"", "ServiceUnavailable", 503, "unavailable"),
        (400, {"Message": "secret"}, "ValidationError", 503, "unavailable"),
        (403, {"Message": "secret"}, "AccessDeniedException", 503, "unavailable"),
        (424, MODEL_FAILED, "ModelError", 503, "unavailable"),
        (424, MODEL_REFUSED, "ModelError", 500, "internal"),
        (200, [[2.0] * 7], None, 503, "unavailable"),
        (200, b"no JSON", None, 503, "unavailable"),
    ],
)
@pytest.mark.parametrize("several", [False, True], ids=["one", "several"])
def test_what_the_endpoint_does_instead_of_answering_is_told_by_the_status(
    status: int, body: Any, error: str | None, expected: int, reason: str, several: bool, client: Any, sample: bytes
) -> None:
    with runtime(status, body, error) as (url, _):
        answer = client(url)(body_of(sample) if several else json.dumps({"image": encoded(sample)}))
    assert (answer.status, answer.json["reason"]) == (expected, reason)
    assert ("Retry-After" in answer.headers) is (expected in (429, 503))
    assert not any(word in answer.body for word in ("secret", "mien", "Traceback", "ModelError", "Exception"))


def test_an_endpoint_that_is_silent_is_a_504(client: Any, sample: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    with runtime(200, [EVEN], then="silence") as (url, asked):
        call = client(url)
        api = importlib.import_module("mien.handlers.api")
        monkeypatch.setattr(api, "endpoint", Endpoint(api.SETTINGS, read_timeout=0.3, connections=1))
        assert call(encoded(sample), "image/png", binary=True).status == 200
        answer = call(encoded(sample), "image/png", binary=True)
    assert (answer.status, answer.json["reason"], len(asked)) == (504, "timeout", 2)


def test_where_no_time_is_left_for_a_call_none_is_made(client: Any, sample: bytes) -> None:
    with serving(even) as (url, asked):
        answer = client(url)(encoded(sample), "image/png", binary=True, seconds=10)
    assert (answer.status, answer.json["reason"], asked) == (504, "timeout", [])


def test_while_the_circuit_is_open_the_endpoint_is_left_alone(client: Any, sample: bytes) -> None:
    with runtime(503, b"", "ServiceUnavailable") as (url, asked):
        call = client(url)
        answers = [call(encoded(sample), "image/png", binary=True) for _ in range(3)]
    assert [answer.status for answer in answers] == [503] * 3
    assert len(asked) == THRESHOLD


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (Throttled("secret"), 429),
        (Silent("secret"), 504),
        (OutOfTime("secret"), 504),
        (Unavailable("secret"), 503),
        (TryAgain("secret"), 503),
        (Hopeless("secret"), 500),
        (KeyError("secret"), 500),
        (MemoryError("secret"), 500),
        (Rejected("of a later version", "It has a flaw."), 422),
    ],
)
def test_a_failure_has_its_status_and_its_own_words_stay_here(error: Exception, status: int) -> None:
    problem = problem_of(error)
    assert problem.status == status
    assert "secret" not in problem.body()
    assert json.loads(problem.body())["title"] == problem.status.phrase


@pytest.mark.parametrize(("closed_for", "seconds"), [(-3.0, RETRY_AFTER), (0.4, RETRY_AFTER), (29.2, 30)])
def test_nobody_is_called_back_before_the_endpoint_is_asked_again(closed_for: float, seconds: int) -> None:
    problem = problem_of(TryAgain("down"), closed_for)
    assert problem.headers == {"Retry-After": str(seconds)}
    assert f"{seconds} seconds" in problem.detail


@pytest.mark.parametrize("path", ["/results", "/results/{key}"])
def test_results_that_cannot_be_read_are_to_be_asked_for_again(
    path: str, client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:9")
    answer = client()(method="GET", path=path, parameters={"key": "1.png"})
    assert (answer.status, answer.json["reason"]) == (503, "unavailable")
    assert int(answer.headers["Retry-After"]) == RETRY_AFTER
    assert "results" in answer.json["detail"]


@pytest.mark.parametrize(
    ("method", "path", "status", "allowed"),
    [
        ("GET", "/classify", 405, "POST"),
        ("OPTIONS", "/classify", 405, "POST"),
        ("POST", "/health", 405, "GET"),
        ("GET", "/", 404, None),
        ("POST", "/classify/more", 404, None),
        ("GET", "/__proto__", 404, None),
    ],
)
def test_what_is_not_there_is_a_problem_too(
    method: str, path: str, status: int, allowed: str | None, client: Any
) -> None:
    answer = client()(method=method, path=path)
    assert (answer.status, answer.json["status"], answer.headers.get("Allow")) == (status, status, allowed)
    assert answer.headers["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize(("method", "path"), [("POST", "/classify"), ("GET", "/health"), ("GET", "/nowhere")])
def test_every_answer_closes_what_a_browser_could_do_with_it(method: str, path: str, client: Any) -> None:
    with serving(even) as (url, _):
        headers = client(url)(method=method, path=path, headers={"Origin": "https://a.example"}).headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert headers["Cache-Control"] == "no-store"
    assert not [name for name in headers if name.startswith("Access-Control")]


def test_an_origin_that_is_let_in_may_read_answers_and_when_to_come_again(client: Any) -> None:
    call = client(CORS_ORIGIN="https://faces.example.com")
    for answer in (call(), call(method="GET", path="/nowhere")):
        assert answer.headers["Access-Control-Allow-Origin"] == "https://faces.example.com"
        assert answer.headers["Access-Control-Expose-Headers"] == "Retry-After"


def test_health_is_up_while_the_endpoint_answers(client: Any) -> None:
    with serving(even) as (url, asked):
        call = client(url)
        answers = [call(method="GET", path="/health") for _ in range(3)]
    assert [(answer.status, answer.json) for answer in answers] == [(200, {"status": "up"})] * 3
    assert len(asked) == 1


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (503, b"", "ServiceUnavailable"),
        (400, b"", "ThrottlingException"),
        (424, MODEL_REFUSED, "ModelError"),
        (200, [[0.5] * 7], None),
    ],
)
def test_health_is_down_whatever_the_endpoint_does_instead(
    status: int, body: Any, error: str | None, client: Any
) -> None:
    with runtime(status, body, error) as (url, asked):
        call = client(url)
        answers = [call(method="GET", path="/health") for _ in range(3)]
    assert [answer.status for answer in answers] == [503] * 3
    assert all(int(answer.headers["Retry-After"]) >= RETRY_AFTER for answer in answers)
    assert len(asked) == 1
    assert "mien" not in answers[0].body


def test_health_is_down_without_a_call_while_the_circuit_is_open(client: Any, sample: bytes) -> None:
    with runtime(503, b"", "ServiceUnavailable") as (url, asked):
        call = client(url)
        call(encoded(sample), "image/png", binary=True)
        assert len(asked) == THRESHOLD
        answer = call(method="GET", path="/health")
    assert (answer.status, len(asked)) == (503, THRESHOLD)


def test_health_with_the_built_in_algorithms_contract_sends_what_that_takes(client: Any) -> None:
    with runtime(200, EVEN) as (url, asked):
        assert client(url, ENDPOINT_INPUT="image")(method="GET", path="/health").status == 200
    assert [content_type for content_type, _ in asked] == ["application/x-image"]


def test_the_endpoint_is_asked_again_once_what_is_known_of_it_is_old(client: Any) -> None:
    with runtime(503, b"", "ServiceUnavailable", then=(200, [EVEN])) as (url, asked):
        client(url)
        now = [0.0]
        endpoint = importlib.import_module("mien.handlers.api").endpoint
        endpoint.circuit.clock = lambda: now[0]
        endpoint.circuit.answered()
        health = Health(endpoint, clock=lambda: now[0])
        down = outcome(health)
        now[0] = INTERVAL - 0.1
        still = outcome(health)
        now[0] = INTERVAL
        up = outcome(health)
    assert [type(failure) for failure in (down, still)] == [TryAgain] * 2
    assert up is None
    assert len(asked) == 2


def outcome(health: Health) -> Exception | None:
    try:
        health.check(Deadline(math.inf))
    except TryAgain as failure:
        return failure
    return None
