"""The steps of each function fit into its timeout, and the queue's visibility timeout fits the function's."""

from typing import Any

import pytest

from local import template
from mien.aws import images, listing, queue
from mien.aws.endpoint import Endpoint
from mien.handlers import api, inbox
from mien.logic.deadline import RESPONSE_SECONDS
from mien.logic.retries import MAX_CRASHES
from mien.pipeline.lines import Lines
from mien.pipeline.single_documents import SingleDocuments
from tests.support.pictures import SETTINGS
from tests.support.stack import TEMPLATE, properties_of

SECONDS: dict[str, Any] = template.load_template()["Mappings"]["Seconds"]


def longest_request(client: Any) -> float:
    """Seconds that a request of a client needs if each of its attempts hangs until its timeout."""
    config = client.meta.config
    attempts: int = config.retries["total_max_attempts"]
    return attempts * (config.connect_timeout + config.read_timeout)


def test_the_visibility_timeout_of_the_queue_is_six_times_the_timeout_of_the_function() -> None:
    assert SECONDS["Inbox"]["Visibility"] == 6 * SECONDS["Inbox"]["Timeout"]


@pytest.mark.parametrize(
    ("endpoint", "after", "function"),
    [
        (SingleDocuments(SETTINGS).batches.endpoint, images.TIMEOUTS.longest + queue.TIMEOUTS.longest, "Inbox"),
        (Lines(SETTINGS).batches.endpoint, images.TIMEOUTS.longest + queue.TIMEOUTS.longest, "Inbox"),
        (api.endpoint, 0, "Api"),
    ],
    ids=["documents", "lines", "api"],
)
def test_a_call_of_the_endpoint_and_all_later_steps_need_less_than_four_fifths_of_the_timeout(
    endpoint: Endpoint, after: float, function: str
) -> None:
    assert longest_request(endpoint.runtime.client) == endpoint.longest_call
    assert endpoint.longest_call + after + RESPONSE_SECONDS < 0.8 * SECONDS[function]["Timeout"]


def test_the_seconds_that_are_reserved_for_each_step_are_its_longest_time() -> None:
    s3 = images.connect(1)
    # One more attempt is made before boto3's.
    first = s3.meta.config.connect_timeout + s3.meta.config.read_timeout
    assert first + longest_request(s3) == images.TIMEOUTS.longest
    assert longest_request(inbox.pipeline.queue.sqs) == queue.TIMEOUTS.longest
    assert longest_request(api.listing.s3) == listing.TIMEOUTS.longest


def test_documents_and_images_of_a_page_can_be_listed_and_read_within_the_timeout() -> None:
    assert SECONDS["Api"]["Timeout"] > 4 * listing.TIMEOUTS.longest + RESPONSE_SECONDS


def test_the_queue_gives_messages_up_much_later_than_the_function() -> None:
    """The queue also counts receives that reach no function, for example while the function is throttled."""
    queue = properties_of(TEMPLATE, "AWS::SQS::Queue")["Queue"]
    assert queue["RedrivePolicy"]["maxReceiveCount"] >= 4 * MAX_CRASHES
