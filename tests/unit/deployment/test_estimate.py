"""What a deployment costs, against sums that were made by hand."""

from dataclasses import replace

import pytest

from deployment import estimate_text
from deployment.estimate import (
    APPLICATION_ALARMS,
    FUNCTION_MB,
    INBOX_METRICS,
    LEFT_OUT,
    SHIFT_ALARMS,
    Estimate,
    Line,
    Plan,
    estimate,
    total,
)
from deployment.workloads import BATCH, FACE_PROCESSOR_MS, FACES, HTTP_FACES, PHOTO_PROCESSOR_MS, PHOTOS, S3_READS
from local import template
from tests.support import documents
from training.hosting.options import Instances, Serverless

SERVERLESS = Plan(Serverless(memory_mb=2048, concurrency=5))
INSTANCES = Plan(Instances("ml.c5.large", 1, 4))


def line(lines: tuple[Line, ...], price: str) -> Line:
    [found] = [line for line in lines if line.price == price]
    return found


def test_an_idle_serverless_deployment_costs_its_alarms_and_the_looks_into_the_empty_queue() -> None:
    idle = estimate(SERVERLESS).idle
    # 8 alarms at $0.10; 5 pollers x 3 looks a minute x 60 x 730 hours at $0.40 per million; 0.11 GB at $0.023.
    assert line(idle, "alarm").dollars == pytest.approx(0.80)
    assert line(idle, "sqs_request").quantity == pytest.approx(657_000)
    assert total(idle) == pytest.approx(0.80 + 0.2628 + 0.00253)


def test_a_million_face_crops_on_a_serverless_endpoint() -> None:
    lines = estimate(SERVERLESS).per_million[FACES.name]
    assert {each.price: round(each.dollars, 3) for each in lines} == {
        "s3_put": 5.0,
        "s3_get": 0.8,
        # One message sent, a tenth of a receive, a tenth of a delete.
        "sqs_request": 0.48,
        # 1,000,000 / 32 invocations at $0.20 per million.
        "lambda_request": 0.006,
        # 1.5 ms x 1,769 / 1,024 and 1 / 4,300 s of waiting: 2.824 ms at 1 GB and $0.0000133334.
        "lambda_second_arm64": 0.038,
        # 1 / 4,300 s at 2 GB and $0.00002.
        "serverless_second": 0.009,
        # 2,504 bytes at $0.016 per GB.
        "endpoint_data": 0.04,
        # 23 + 350 / 32 bytes at $0.50 per GB.
        "log": 0.017,
    }
    assert total(lines) == pytest.approx(6.390, abs=0.001)


def test_lines_cost_a_read_of_each_image_and_a_write_of_each_batch() -> None:
    documents, lines = (
        estimate(replace(SERVERLESS, result_format=result_format)).per_million[FACES.name]
        for result_format in ("documents", "lines")
    )
    assert line(lines, "s3_get").quantity == pytest.approx(1_000_000)
    assert line(lines, "s3_put").quantity == pytest.approx(31_250)
    # All else costs the same.
    storage = ("s3_get", "s3_put")
    assert [each for each in lines if each.price not in storage] == [
        each for each in documents if each.price not in storage
    ]
    assert total(lines) == pytest.approx(1.146, abs=0.001)


def test_lines_change_nothing_about_images_over_http() -> None:
    assert HTTP_FACES.with_lines() == HTTP_FACES


def test_with_lines_eventbridge_gets_an_event_of_each_image_and_of_each_batch() -> None:
    plan = replace(SERVERLESS, result_format="lines")
    plain, events = (
        total(estimate(each).per_million[FACES.name]) for each in (plan, replace(plan, notifications="eventbridge"))
    )
    # $1 per million events.
    assert events - plain == pytest.approx(1 + 1 / 32)


def test_a_photo_costs_the_time_of_its_faces_and_of_its_pixels() -> None:
    lines = estimate(SERVERLESS).per_million[PHOTOS.name]
    # 7 / 4,300 s at 2 GB; 72.6 ms x 1,769 / 1,024 and 7 / 4,300 s of waiting, at 1 GB.
    assert line(lines, "serverless_second").dollars == pytest.approx(0.065, abs=0.001)
    assert line(lines, "lambda_second_arm64").dollars == pytest.approx(1.694, abs=0.001)


def test_a_face_over_http_costs_a_request_and_an_invocation_and_nothing_in_s3() -> None:
    lines = estimate(SERVERLESS).per_million[HTTP_FACES.name]
    assert line(lines, "api_request").dollars == pytest.approx(3.50)
    assert line(lines, "lambda_request").dollars == pytest.approx(0.20)
    assert not {each.price for each in lines} & {"s3_put", "s3_get", "sqs_request"}


def test_instances_cost_every_hour_and_bring_alarms_of_their_own() -> None:
    idle = estimate(INSTANCES).idle
    # $0.102 x 730 hours; 8 alarms of the application, 3 for rollbacks, 2 for scaling.
    assert line(idle, "ml.c5.large").dollars == pytest.approx(74.46)
    assert line(idle, "alarm").quantity == 13
    assert line(estimate(Plan(Instances("ml.c5.large", 2, 2))).idle, "alarm").quantity == 11


def test_shifting_traffic_brings_four_alarms() -> None:
    shifting = Plan(SERVERLESS.hosting, shifts_traffic=True)
    assert total(estimate(shifting).idle) - total(estimate(SERVERLESS).idle) == pytest.approx(0.40)


def test_further_instances_are_counted_at_the_load_at_which_auto_scaling_adds_one() -> None:
    instance = line(estimate(INSTANCES).per_million[FACES.name], "ml.c5.large")
    # 450 calls a minute of 32 faces: 864,000 faces an hour.
    assert instance.quantity == pytest.approx(1_000_000 / 864_000)


def test_less_memory_makes_a_serverless_endpoint_slower_but_more_than_a_processor_does_not_make_it_faster() -> None:
    def seconds(memory_mb: int) -> float:
        lines = estimate(Plan(Serverless(memory_mb, 5))).per_million[FACES.name]
        return line(lines, "serverless_second").quantity * 1024 / memory_mb

    assert seconds(4096) == seconds(2048)
    assert seconds(1024) == pytest.approx(seconds(2048) * 1769 / 1024)


def test_eventbridge_and_x86_functions_cost_more() -> None:
    plain = estimate(SERVERLESS).per_million[FACES.name]
    hosting = SERVERLESS.hosting
    events = estimate(Plan(hosting, notifications="eventbridge")).per_million[FACES.name]
    x86 = estimate(Plan(hosting, "x86_64")).per_million[FACES.name]
    assert total(events) - total(plain) == pytest.approx(2.0)
    ratio = line(x86, "lambda_second_x86_64").dollars / line(plain, "lambda_second_arm64").dollars
    assert ratio == pytest.approx(1.25, abs=0.001)


def test_waiting_for_s3_is_paid_like_processing() -> None:
    waits = replace(FACES, name="waits", waiting_ms=100)
    dollars = [
        line(estimate(SERVERLESS, workloads=[image]).per_million[image.name], "lambda_second_arm64").dollars
        for image in (FACES, waits)
    ]
    # 100 ms at 1 GB and $0.0000133334.
    assert dollars[1] - dollars[0] == pytest.approx(1.33334)


def test_the_constants_are_those_of_the_template() -> None:
    resources = template.expand_template()["Resources"].values()
    alarms = [each.get("Condition") for each in resources if each["Type"] == "AWS::CloudWatch::Alarm"]
    assert alarms.count(None) == APPLICATION_ALARMS
    assert alarms.count("TrafficIsShifted") == len(alarms) - APPLICATION_ALARMS == SHIFT_ALARMS
    assert template.load_template()["Globals"]["Function"]["MemorySize"] == FUNCTION_MB
    assert template.default_parameters()["BatchSize"] == str(BATCH)


def test_the_quantities_are_near_those_that_the_benchmark_has_measured() -> None:
    rows = [
        [cell.strip() for cell in row.strip("|").split("|")]
        for row in documents.text_of("benchmarks/speed.md").splitlines()
        if row.startswith(("| face", "| photo"))
    ]
    face, photo = ({"processor": float(row[1]), "reads": sum(map(float, row[3:5]))} for row in rows)
    assert face["processor"] == pytest.approx(FACE_PROCESSOR_MS, rel=0.25)
    assert photo["processor"] == pytest.approx(PHOTO_PROCESSOR_MS, rel=0.25)
    assert face["reads"] == photo["reads"] == S3_READS


def test_the_summary_says_what_a_person_wants_to_know_before_he_says_yes() -> None:
    idle, use, source, left_out = estimate_text.summary(estimate(SERVERLESS))
    assert idle == (
        "while idle: $1.07 a month (alarms $0.80, looking into the empty queue $0.26, serverless endpoint $0.00)"
    )
    assert use == (
        "in use: $6.39 per million face crops, $8.34 per million 12-megapixel photos of 7 faces, and up to "
        f"${0.3 * INBOX_METRICS:.2f} a month for metrics"
    )
    assert "US East (N. Virginia)" in source
    assert "free tiers" in left_out


def test_the_summary_says_what_instances_cost_when_it_is_busy_and_which_price_is_not_confirmed() -> None:
    idle, *_, doubt = estimate_text.summary(estimate(Plan(Instances("ml.c7i.large", 1, 4))))
    assert "1 x ml.c7i.large $78.18" in idle
    assert "while busy up to 4 instances, $78.18 a month each" in idle
    assert doubt.startswith("not confirmed: the price of ml.c7i.large: see https://aws.amazon.com/")


def test_an_instance_type_without_a_price_is_named_and_is_in_no_sum() -> None:
    unknown = estimate(Plan(Instances("ml.c8i.large", 1, 4)))
    assert total(unknown.idle) < 2
    assert "not included either: the endpoint's instances, ml.c8i.large" in estimate_text.summary(unknown)[-1]


def test_an_endpoint_that_exists_already_is_not_counted() -> None:
    existing: Estimate = estimate(Plan(None))
    assert not {"serverless_second", "endpoint_data"} & {each.price for each in existing.per_million[FACES.name]}
    assert "the endpoint that exists already is not counted" in estimate_text.summary(existing)[0]


def test_the_table_has_each_part_with_its_quantity_and_unit_the_most_expensive_first() -> None:
    rows = estimate_text.table(estimate(SERVERLESS))
    begin = rows.index("per million face crops: $6.39")
    most_expensive = " ".join(rows[begin + 1].split())
    assert most_expensive == "$5.00 S3: write documents 1,000,000 x PUT, COPY, POST or LIST request"
    assert rows[0] == "per month, idle: $1.07"


def test_the_documentation_has_these_sums() -> None:
    hostings = (SERVERLESS.hosting, Instances("ml.c7i.large", 1, 4))
    plans = [estimate(Plan(hosting, shifts_traffic=True)) for hosting in hostings]
    with_lines = [estimate(replace(each.plan, result_format="lines")) for each in plans]
    page = documents.text_of("docs/operations.md")
    rows = [
        ("a month in which nothing happens", [each.idle for each in plans]),
        ("a million face crops through the inbox", [each.per_million[FACES.name] for each in plans]),
        ("a million photos of 12 megapixels with 7 faces each", [each.per_million[PHOTOS.name] for each in plans]),
        ("a million face crops through the inbox, as lines", [each.per_million[FACES.name] for each in with_lines]),
        (
            "a million photos of 12 megapixels with 7 faces each, as lines",
            [each.per_million[PHOTOS.name] for each in with_lines],
        ),
        ("a million face crops over HTTP", [each.per_million[HTTP_FACES.name] for each in plans]),
    ]
    for name, sums in rows:
        assert f"| {name} | {total(sums[0]):.2f} | {total(sums[1]):.2f} |" in page
    assert f"up to ${total(plans[0].in_use):.2f} in addition" in page
    assert LEFT_OUT in " ".join(page.split())


def test_the_walk_from_an_empty_account_shows_what_the_command_prints() -> None:
    page = documents.text_of("docs/aws.md")
    defaults = estimate(Plan(SERVERLESS.hosting, shifts_traffic=True))
    idle, in_use, *_ = estimate_text.summary(defaults)
    assert f"  {idle}\n  {in_use}\n" in page
    assert f"{estimate_text.dollars(total(defaults.idle))} a month, in US East" in page
