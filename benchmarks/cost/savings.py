"""What would bring a million face crops under five dollars, step by step."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from benchmarks.cost.ways import DEFAULT_HOSTING, json_lines, priced, serverless
from deployment.estimate import MILLION, Plan, quantities, total
from deployment.prices import load_prices
from deployment.workloads import FACES

# The goal of the work on the model: a network that is this much faster.
FASTER = 4
GOAL = 5.0


@dataclass(frozen=True)
class Step:
    """dollars: of a million face crops after this step and those before it. gives_up: what is lost with it."""

    what: str
    dollars: float
    gives_up: str


def endpoint_and_waiting() -> float:
    """The part of the cost that a faster model makes smaller."""
    lines = serverless(FACES).lines
    fast = priced(quantities(Plan(DEFAULT_HOSTING), replace(FACES, faces=0)))
    data = sum(line.dollars for line in lines if line.price == "endpoint_data")
    return total(lines) - total(fast) - data


def steps() -> Iterator[Step]:
    """Each step adds to those before it."""
    dollars = total(serverless(FACES).lines)
    yield Step("today", dollars, "")
    dollars -= load_prices().dollars("s3_get") * MILLION
    yield Step(
        "no look at the image after its document is written",
        dollars,
        "a document can stay of an image that is deleted while it is classified",
    )
    dollars -= endpoint_and_waiting() * (1 - 1 / FASTER)
    yield Step(f"a model that is {FASTER} times as fast", dollars, "perhaps accuracy")


def floor() -> float:
    """What S3 and SQS alone cost if each image is read once and has one object of its own in S3 Standard."""
    prices = load_prices()
    return MILLION * (
        prices.dollars("s3_put") + prices.dollars("s3_get") + FACES.sqs_requests * prices.dollars("sqs_request")
    )


def other_places() -> Iterator[Step]:
    """Instead of the steps: other places for the documents. Neither is built."""
    today = total(serverless(FACES).lines)
    prices = load_prices()
    express = today - MILLION * (prices.dollars("s3_put") - prices.dollars("s3_express_put"))
    yield Step(
        "documents in a directory bucket (S3 Express One Zone)",
        express,
        "versions and events of documents; they are in one availability zone; storage costs five times as much",
    )
    yield Step("one JSON Lines object per batch", json_lines(FACES).total, "an object of its own for each image")
