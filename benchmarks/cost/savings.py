"""What would bring a million face crops under five dollars, and what brings them under two."""

from collections.abc import Iterator
from dataclasses import dataclass

from benchmarks.cost.ways import serverless, with_lines
from deployment.estimate import MILLION
from deployment.prices import load_prices
from deployment.workloads import FACES

# Dollars for a million face crops.
GOAL_WITH_DOCUMENTS = 5.0
GOAL_WITH_LINES = 2.0


@dataclass(frozen=True)
class Step:
    """dollars: of a million face crops after this step. gives_up: what is lost with it."""

    what: str
    dollars: float
    gives_up: str


def steps() -> Iterator[Step]:
    """Steps with documents in S3 Standard. Each one adds to those before it."""
    dollars = serverless(FACES).total
    yield Step("documents, as by default", dollars, "")
    dollars -= load_prices().dollars("s3_get") * MILLION
    yield Step(
        "and no look at the image after its document is written (not built)",
        dollars,
        "a document can stay of an image that is deleted while it is classified",
    )


def floor() -> float:
    """What S3 and SQS alone cost if each image is read once and has one object of its own in S3 Standard."""
    return load_prices().dollars("s3_put") * MILLION + reading()


def floor_with_lines() -> float:
    """What S3 and SQS alone cost if each image is read once and each batch has one object."""
    return load_prices().dollars("s3_put") * MILLION * FACES.invocations + reading()


def reading() -> float:
    """The cost of reading each image once, and its message."""
    prices = load_prices()
    return MILLION * (prices.dollars("s3_get") + FACES.sqs_requests * prices.dollars("sqs_request"))


def directory_bucket() -> Step:
    """Documents in a cheaper class of S3."""
    prices = load_prices()
    return Step(
        "documents in a directory bucket, S3 Express One Zone (not built)",
        serverless(FACES).total - MILLION * (prices.dollars("s3_put") - prices.dollars("s3_express_put")),
        "versions and events of documents; they are in one availability zone; storage costs five times as much",
    )


def lines() -> Step:
    return Step(
        "`ResultFormat=lines`",
        with_lines(FACES).total,
        "one object for each image; results in API and page; reviews; the deletion of a result with its image",
    )
