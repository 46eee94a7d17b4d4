"""The costs of the ways that docs/cost.md compares, against sums that were made by hand."""

import re

import pytest

from benchmarks.cost import machines, savings, ways
from benchmarks.cost.ways import Way
from deployment.estimate import FACES_PER_SECOND
from deployment.workloads import FACES, PHOTOS
from tests.support import documents


def dollars(way: Way, price: str) -> float:
    [found] = [line.dollars for line in way.lines if line.price == price]
    return found


def test_an_instance_costs_its_hours_whether_it_works_in_them_or_not() -> None:
    # $0.102 an hour, and 4,300 faces a second on its core: 15,480,000 an hour if it works all the time.
    for use in (0.1, 0.5, 0.9):
        cost = dollars(ways.on_instances(FACES, "ml.c6i.large", use), "ml.c6i.large")
        assert cost == pytest.approx(0.102 * 1_000_000 / (15_480_000 * use))
    photo = dollars(ways.on_instances(PHOTOS, "ml.c6i.large", 0.5), "ml.c6i.large")
    assert photo == pytest.approx(7 * 0.102 * 1_000_000 / 7_740_000)


def test_an_invocation_for_each_image_pays_for_its_waiting_its_messages_and_its_log() -> None:
    alone = ways.one_by_one(FACES)
    assert dollars(alone, "lambda_request") == pytest.approx(0.20)
    assert dollars(alone, "sqs_request") == pytest.approx(3 * 0.40)
    # 20 + 12 + 30 + 8 ms of waiting, 1.5 ms x 1,769 / 1,024 and 1 / 4,300 s, at 1 GB and $0.0000133334.
    assert dollars(alone, "lambda_second_arm64") == pytest.approx(0.971, abs=0.001)
    # 23 + 350 bytes at $0.50 per GB.
    assert dollars(alone, "log") == pytest.approx(0.1865)


def test_without_the_queue_there_are_one_read_one_write_and_no_messages() -> None:
    direct = ways.without_queue(FACES)
    assert dollars(direct, "s3_get") == pytest.approx(0.40)
    assert dollars(direct, "s3_put") == pytest.approx(5.00)
    assert "sqs_request" not in {line.price for line in direct.lines}


def test_with_lines_a_write_serves_32_images_and_each_image_is_read_once() -> None:
    for image in (FACES, PHOTOS):
        lines = ways.with_lines(image)
        assert dollars(lines, "s3_put") == pytest.approx(5 / 32)
        assert dollars(lines, "s3_get") == pytest.approx(0.40)
        # A PUT for 31 of 32 images, and a HEAD for each.
        assert ways.serverless(image).total - lines.total == pytest.approx(5 * 31 / 32 + 0.40)


def test_the_built_in_algorithm_needs_far_more_of_a_core() -> None:
    way = ways.built_in(FACES, "ml.c6i.large", 0.5)
    assert dollars(way, "ml.c6i.large") == pytest.approx(0.102 * 1_000_000 / (14.15 * 3600 * 0.5))
    # 1.5 ms x 1,769 / 1,024 and 1 / 14.15 s of waiting.
    assert dollars(way, "lambda_second_arm64") == pytest.approx(0.977, abs=0.001)
    assert dollars(way, "endpoint_data") == pytest.approx(0.5088)


def test_what_is_not_measured_is_said() -> None:
    measured = {way.name for way in ways.all_ways(FACES) if not way.basis}
    assert all(name.startswith(("serverless endpoint", "ml.c6i", "ml.c7i")) for name in measured)


def test_lines_reach_their_goal_and_no_step_with_documents_in_s3_standard_reaches_its_own() -> None:
    steps = [step.dollars for step in savings.steps()]
    assert steps == sorted(steps, reverse=True)
    assert min(steps) > savings.floor() > savings.GOAL_WITH_DOCUMENTS > savings.directory_bucket().dollars
    assert savings.GOAL_WITH_LINES > savings.lines().dollars > savings.floor_with_lines()
    # PUT, GET and 1.2 requests to the queue.
    assert savings.floor() == pytest.approx(5.00 + 0.40 + 0.48)
    assert savings.floor_with_lines() == pytest.approx(5 / 32 + 0.40 + 0.48)
    assert steps[0] - steps[-1] == pytest.approx(0.40)


def test_the_speeds_are_those_that_were_measured() -> None:
    page = documents.text_of("benchmarks/served_speed.md")
    [row] = re.findall(r"^\| ResNet-50 \|(.*\(.*)\|$", page, re.MULTILINE)
    cells = [cell.strip().partition(" ")[0] for cell in row.split("|")]
    assert float(cells[3]) == pytest.approx(machines.RESNET_50_GFLOP, rel=0.01)
    assert float(cells[5]) == pytest.approx(machines.RESNET_50_PER_SECOND, rel=0.25)
    [ours] = re.findall(r"^\| Mien, models, .*\|(.*)\|$", page, re.MULTILINE)[:1]
    assert float(ours.split()[0].replace(",", "")) == pytest.approx(FACES_PER_SECOND, rel=0.25)
