"""REST → results: the function behind the API. openapi.yaml describes what it answers."""

import json
import time
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from types import MappingProxyType
from typing import Any

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.event_handler import APIGatewayRestResolver, Response
from aws_lambda_powertools.event_handler.exceptions import NotFoundError
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from mien.aws import forms
from mien.aws.endpoint import Answer, Endpoint
from mien.aws.listing import Listing, query_of
from mien.errors import OutOfTime, Rejected, TryAgain
from mien.logic import problems
from mien.logic.deadline import Deadline
from mien.logic.images import Face
from mien.logic.problems import Problem
from mien.logic.requests import JSON, MAX_CALLS, MAX_IMAGES, decoded, images_of, wants_text
from mien.logic.results import SCHEMA, Result, classified, rejected
from mien.pipeline.health import Health
from mien.settings import cors_origin, settings, store

TEXT = "text/plain; charset=utf-8"
ROUTES = {
    "/classify": "POST",
    "/health": "GET",
    "/results": "GET",
    "/results/{key+}": "GET",
    "/uploads": "POST",
}
# Seconds. What the worst of images may take to be read (benchmarks/bad_images.md): the call after it is still made.
SLOWEST = 2.0
# An answer is data: no browser is to guess another type, to run or frame it, or to show it to the next user.
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cache-Control": "no-store",
}
if origin := cors_origin():
    HEADERS |= {"Access-Control-Allow-Origin": origin, "Access-Control-Expose-Headers": "Retry-After"}

logger = Logger(service="api")
metrics = Metrics(service="api")
app = APIGatewayRestResolver()

SETTINGS = settings()
# Two attempts fit into the 29 s that API Gateway waits.
endpoint = Endpoint(SETTINGS, read_timeout=10, connections=1)
health = Health(endpoint)
listing = Listing(SETTINGS, store().bucket)


@logger.inject_lambda_context
@metrics.log_metrics
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    app.context.update(began=time.perf_counter(), model=0.0)
    return app.resolve(event, context)


@app.route("/classify", ROUTES["/classify"])
def classify() -> Response[str]:
    event = app.current_event
    headers = event.headers
    most = MAX_IMAGES if endpoint.faces_per_call > 1 else MAX_CALLS
    sent = images_of(
        event.body or "",
        bool(event.is_base64_encoded),
        headers.get("content-type") or "",
        headers.get("content-encoding") or "",
        most,
    )
    deadline = Deadline.of(app.lambda_context)
    if isinstance(sent, bytes):
        [outcome] = outcomes_of([sent], deadline)
        if isinstance(outcome, Exception):
            raise outcome
        return answer(outcome, [outcome])
    outcomes = outcomes_of(sent, deadline)
    failures = [o for o in outcomes if isinstance(o, Exception) and not isinstance(o, Rejected)]
    if failures and not any(isinstance(outcome, dict) for outcome in outcomes):
        # The endpoint answered for none: that is of the request, and not of its images.
        raise failures[0]
    entries = [outcome if isinstance(outcome, dict) else entry_of(outcome) for outcome in outcomes]
    return answer({"results": entries}, entries)


@app.route("/uploads", ROUTES["/uploads"])
def uploads() -> Response[str]:
    event = app.current_event
    prefix = forms.prefix_of(event.body or "", event.headers.get("content-type") or "")
    count("FormsGiven", 1)
    return data(forms.forms(listing.s3, listing.bucket, SETTINGS.inbox_prefix + prefix))


@app.route("/results", ROUTES["/results"])
def page_of_results() -> Response[str]:
    query = query_of(app.current_event.query_string_parameters)
    documents, following = listing.page(query, Deadline.of(app.lambda_context))
    return data({"results": documents} | ({"next": following} if following else {}))


@app.route("/results/.+", ROUTES["/results/{key+}"])
def one_result() -> Response[str]:
    document = listing.one(app.current_event.path_parameters["key"])
    return refuse(problems.no_document()) if document is None else data(document)


@app.route("/health", ROUTES["/health"])
def healthy() -> Response[str]:
    count("HealthChecks", 1)
    health.check(Deadline.of(app.lambda_context))
    return data({"status": "up"})


def outcomes_of(images: Sequence[bytes | str], deadline: Deadline) -> list[Result | Exception]:
    """Image files, or their base64 → a result of each, or why there is none, in their order.

    They are decoded one at a time, so that no more than one image lies in memory; of all others a face is left.
    """
    faces: dict[int, Face] = {}
    outcomes: dict[int, Result | Exception] = {}
    reading = deadline.before(endpoint.longest + SLOWEST)
    for place, image in enumerate(images):
        try:
            if reading.left() <= 0:
                raise OutOfTime("there was no time left to read an image")
            faces[place] = endpoint.face(decoded(image) if isinstance(image, str) else image)
        except (Rejected, OutOfTime) as error:
            outcomes[place] = error
    for (place, face), found in zip(faces.items(), answers_of(list(faces.values()), deadline), strict=True):
        if isinstance(found, Exception):
            outcomes[place] = found
        else:
            probabilities, model = found
            outcomes[place] = classified(probabilities, {"width": face.width, "height": face.height}, model)
    count("ImagesClassified", sum(isinstance(outcome, dict) for outcome in outcomes.values()))
    count("ImagesRejected", sum(isinstance(outcome, Rejected) for outcome in outcomes.values()))
    return [outcomes[place] for place in range(len(images))]


def answers_of(faces: Sequence[Face], deadline: Deadline) -> list[Answer | Exception]:
    """One call, or one a face where the endpoint takes no more. None begins that might not end by the deadline."""
    size = endpoint.faces_per_call
    asked = time.perf_counter()
    answers = [
        found
        for start in range(0, len(faces), size)
        for found in endpoint.classify(faces[start : start + size], deadline)
    ]
    app.context.update(model=time.perf_counter() - asked)
    return answers


def entry_of(error: Exception) -> Result:
    """What the answer for several images says of one that has no result."""
    if isinstance(error, Rejected):
        return rejected(error, {})
    problem = problem_of(error)
    return {"schema": SCHEMA, "status": "failed", "reason": problem.reason, "detail": problem.detail}


def problem_of(error: Exception) -> Problem:
    """And says in the log what it does not tell."""
    if isinstance(error, TryAgain):
        logger.warning(str(error))
    elif not isinstance(error, Rejected):
        logger.error("a bug", exc_info=error)
    return problems.problem_of(error, endpoint.circuit.left())


def answer(body: Result, entries: Sequence[Result]) -> Response[str]:
    """As JSON; or as text, a line for each image: its label, or else its status."""
    if wants_text(app.current_event.headers.get("accept")):
        text = "".join(f"{e.get('label', e['status'])}\n" for e in entries)
        return respond(HTTPStatus.OK, TEXT, text, timing())
    return data(body, timing())


def timing() -> dict[str, str]:
    """How long the function took for an answer, and of that the model with the way there and back, in milliseconds.

    Source: W3C, "Server Timing".
    """
    model, whole = app.context["model"], time.perf_counter() - app.context["began"]
    return {"Server-Timing": f"model;dur={model * 1000:.1f}, function;dur={whole * 1000:.1f}"}


def data(body: Result, headers: Mapping[str, str] = MappingProxyType({})) -> Response[str]:
    return respond(HTTPStatus.OK, JSON, json.dumps(body, sort_keys=True, ensure_ascii=False) + "\n", headers)


@app.not_found
def nowhere(_: NotFoundError) -> Response[str]:
    return refuse(problems.not_found(ROUTES.get(app.current_event.path.rstrip("/"))))


@app.exception_handler(Exception)
def failed(error: Exception) -> Response[str]:
    return refuse(problem_of(error))


def refuse(problem: Problem) -> Response[str]:
    count("RequestsRefused", 1)
    return respond(problem.status, problems.CONTENT_TYPE, problem.body(), problem.headers)


def respond(
    status: HTTPStatus, content_type: str, body: str, headers: Mapping[str, str] = MappingProxyType({})
) -> Response[str]:
    return Response(status, content_type, body, headers={**HEADERS, **headers})


def count(metric: str, number: int) -> None:
    if number:
        metrics.add_metric(metric, MetricUnit.Count, number)
