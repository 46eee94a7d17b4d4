"""The function of the REST API. openapi.yaml describes its requests and responses."""

import time
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.event_handler import ApiGatewayResolver, Response
from aws_lambda_powertools.event_handler.exceptions import NotFoundError
from aws_lambda_powertools.event_handler.middlewares import NextMiddleware
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from mien import __version__
from mien.aws.endpoint import Endpoint
from mien.aws.folders import Folders
from mien.aws.forms import make_forms
from mien.aws.images import read_image
from mien.aws.listing import Listing
from mien.aws.reviews import Reviews
from mien.errors import Outdated, Rejected, TryAgain
from mien.handlers.responses import HEADERS, TEXT, respond, respond_json
from mien.handlers.routing import ROUTES, ExactResolver
from mien.handlers.unexpected import count_unexpected
from mien.logic import problems
from mien.logic.contract import COLORS
from mien.logic.deadline import Deadline
from mien.logic.images import MAX_BYTES
from mien.logic.opinions import parse_opinion, parse_place
from mien.logic.prefixes import parse_prefix
from mien.logic.problems import Problem
from mien.logic.queries import parse_faces, parse_folder_query, parse_name, parse_query, parse_review_query
from mien.logic.requests import (
    MAX_BODY_BYTES,
    MAX_CALLS,
    MAX_IMAGES,
    Images,
    StoredName,
    parse_images,
    wants_text,
)
from mien.logic.results import Result, count_results, face_words, failed, rejected
from mien.pipeline.health import Health
from mien.pipeline.pictures import PictureReaders
from mien.pipeline.requests import RequestPipeline
from mien.settings import read_bucket_settings, read_settings

logger = Logger(service="api")
metrics = Metrics(service="api")


app = ExactResolver()

settings = read_settings()
# With this timeout, two attempts fit into the 29 s that API Gateway waits.
endpoint = Endpoint(settings, read_timeout=10, connections=1)
readers = PictureReaders(settings)
pipeline = RequestPipeline(endpoint)
health = Health(endpoint)
listing = Listing(settings, read_bucket_settings().bucket)
folders = Folders(listing)
reviews = Reviews(listing)


@logger.inject_lambda_context
@metrics.log_metrics
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    if not isinstance(event.get("httpMethod"), str) or not isinstance(event.get("path"), str):
        return refuse_event()
    app.context.update(started=time.perf_counter())
    return app.resolve(event, context)


def refuse_event() -> dict[str, Any]:
    """Answers an event that is not a request of the REST API, in the form that all kinds of API accept."""
    problem = problems.wrong_event()
    count("RequestsRefused", 1)
    headers = {"Content-Type": problems.CONTENT_TYPE, **HEADERS}
    return {"statusCode": int(problem.status), "headers": headers, "body": problem.body()}


@app.route("/classify", ROUTES["/classify"])
def classify() -> Response[str]:
    """Answers with a result for one image, or with a list of results for several."""
    deadline = Deadline.from_context(app.lambda_context)
    faces = parse_faces(app.current_event.query_string_parameters)
    sent = receive_images()
    if isinstance(sent, StoredName):
        sent = read_image(listing.s3, listing.bucket, settings.inbox_prefix + sent.name, MAX_BYTES)
    is_single = isinstance(sent, bytes)
    images: Sequence[bytes | str] = [sent] if isinstance(sent, bytes) else sent
    reader = readers.reader(endpoint.contract(deadline), faces)
    done = pipeline.classify(images, reader, deadline)
    results = [outcome for outcome in done.outcomes if isinstance(outcome, dict)]
    for metric, number in count_results(results).items():
        count(metric, number)
    count("ImagesRejected", sum(isinstance(outcome, Rejected) for outcome in done.outcomes))
    if is_single:
        [outcome] = done.outcomes
        if isinstance(outcome, Exception):
            raise outcome
        return answer(outcome, face_words(outcome), done.model_seconds)
    raise_if_endpoint_failed(done.outcomes)
    entries = [outcome if isinstance(outcome, dict) else describe_entry(outcome) for outcome in done.outcomes]
    lines = [",".join(face_words(entry)) for entry in entries]
    return answer({"results": entries}, lines, done.model_seconds)


def receive_images() -> Images:
    """Returns the images that the request has, or names. Raises InvalidRequest."""
    event = app.current_event
    return parse_images(
        event.body,
        bool(event.is_base64_encoded),
        event.headers.get("content-type") or "",
        event.headers.get("content-encoding") or "",
        MAX_IMAGES if settings.endpoint_input == "batch" else MAX_CALLS,
    )


@app.route("/uploads", ROUTES["/uploads"])
def uploads() -> Response[str]:
    event = app.current_event
    content_type = event.headers.get("content-type") or ""
    prefix = parse_prefix(event.body, content_type, bool(event.is_base64_encoded))
    count("FormsGiven", 1)
    return respond_json(make_forms(listing.s3, listing.bucket, settings.inbox_prefix + prefix))


def require_documents(_: ApiGatewayResolver, answer_next: NextMiddleware) -> Response[str]:
    """Refuses requests about documents and reviews if the stack stores results as lines: there are none."""
    if settings.result_format == "lines":
        return respond_problem(problems.results_are_lines())
    return answer_next(app)


@app.route("/results", ROUTES["/results"], middlewares=[require_documents])
def list_results() -> Response[str]:
    query = parse_query(app.current_event.query_string_parameters)
    documents, after = listing.page(query, Deadline.from_context(app.lambda_context))
    count("DocumentsSkipped", listing.count_skipped())
    return respond_json({"results": documents} | ({"next": after} if after else {}))


@app.route("/results/.+", ROUTES["/results/{key+}"], middlewares=[require_documents])
def get_result() -> Response[str]:
    name = parse_name(app.current_event.raw_event)
    document = None if name is None else listing.find(name)
    count("DocumentsSkipped", listing.count_skipped())
    return respond_problem(problems.no_document()) if document is None else respond_json(document)


@app.route("/folders", ROUTES["/folders"], middlewares=[require_documents])
def list_folders() -> Response[str]:
    query = parse_folder_query(app.current_event.query_string_parameters)
    found, after = folders.page(query, Deadline.from_context(app.lambda_context))
    return respond_json({"folders": found} | ({"next": after} if after else {}))


@app.route("/reviews", ROUTES["/reviews"], middlewares=[require_documents])
def list_reviews() -> Response[str]:
    found, after = reviews.page(parse_review_query(app.current_event.query_string_parameters))
    count("DocumentsSkipped", listing.count_skipped())
    return respond_json({"reviews": found} | ({"next": after} if after else {}))


@app.put("/reviews/.+", middlewares=[require_documents])
def put_review() -> Response[str]:
    event = app.current_event
    opinion = parse_opinion(event.body, event.headers.get("content-type") or "", bool(event.is_base64_encoded))
    name = parse_name(event.raw_event)
    if name is None:
        return respond_problem(problems.no_document())
    review = reviews.write(name, opinion)
    count("ReviewsWritten", 1)
    return respond_json(review)


@app.delete("/reviews/.+", middlewares=[require_documents])
def delete_review() -> Response[str]:
    face, reviewer = parse_place(app.current_event.query_string_parameters)
    name = parse_name(app.current_event.raw_event)
    if name is None:
        return respond_problem(problems.no_document())
    reviews.delete(name, face, reviewer)
    return Response(HTTPStatus.NO_CONTENT, body="", headers=HEADERS)


@app.route("/health", ROUTES["/health"])
def check_health() -> Response[str]:
    count("HealthChecks", 1)
    contract = health.check(Deadline.from_context(app.lambda_context))
    return respond_json(
        {
            "status": "up",
            "version": __version__,
            "labels": contract.labels,
            "faces": readers.faces(contract),
            "results": settings.result_format,
            "input": {"size": contract.target.size, "color": COLORS[contract.target.mode]},
            "max_image_bytes": MAX_BYTES,
            "max_request_bytes": MAX_BODY_BYTES,
        }
    )


def raise_if_endpoint_failed(outcomes: Sequence[Result | Exception]) -> None:
    """Raises the first failure if no image has a result: then the whole request failed, not single images."""
    failures = [outcome for outcome in outcomes if isinstance(outcome, Exception) and not isinstance(outcome, Rejected)]
    if failures and not any(isinstance(outcome, dict) for outcome in outcomes):
        raise failures[0]


def describe_entry(error: Exception) -> Result:
    """Returns the entry of an image without a result, in the answer for several images."""
    if isinstance(error, Rejected):
        return rejected(error, {})
    problem = log_and_describe(error)
    return failed(problem.reason, problem.detail)


def log_and_describe(error: Exception) -> Problem:
    """Returns the response for an error, and logs the details that the client does not get."""
    if isinstance(error, TryAgain):
        logger.warning(str(error))
    elif not isinstance(error, Rejected | Outdated):
        logger.error("unexpected error", exc_info=error)
        count_unexpected("api", [error])
    return problems.describe_error(error)


def answer(body: Result, lines: Sequence[str], model_seconds: float) -> Response[str]:
    """Answers as JSON, or with lines of text if the client prefers that."""
    headers = server_timing(model_seconds)
    if wants_text(app.current_event.headers.get("accept")):
        return respond(HTTPStatus.OK, TEXT, "".join(f"{line}\n" for line in lines), headers)
    return respond_json(body, headers)


def server_timing(model_seconds: float) -> dict[str, str]:
    """Returns a header with the milliseconds of the whole function, and of the endpoint calls in it.

    Source: W3C, "Server Timing".
    """
    function_seconds = time.perf_counter() - app.context["started"]
    return {"Server-Timing": f"model;dur={model_seconds * 1000:.1f}, function;dur={function_seconds * 1000:.1f}"}


@app.not_found
def respond_not_found(_: NotFoundError) -> Response[str]:
    return respond_problem(problems.no_such_path(ROUTES.get(app.current_event.path.removesuffix("/"))))


@app.exception_handler(Exception)
def respond_error(error: Exception) -> Response[str]:
    return respond_problem(log_and_describe(error))


def respond_problem(problem: Problem) -> Response[str]:
    count("RequestsRefused", 1)
    return respond(problem.status, problems.CONTENT_TYPE, problem.body(), problem.headers)


def count(metric: str, number: int) -> None:
    if number:
        metrics.add_metric(metric, MetricUnit.Count, number)
