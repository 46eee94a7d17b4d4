"""What the pages under docs/ state is what the code and the template do."""

import json
import re

import pytest

from local import template
from local.paths import ROOT
from mien.aws import endpoint, forms, listing, pictures
from mien.logic import bombs, circuit, images, retries
from tests.faults.trials import TRIALS, TRIALS_OF_LINES, Trial
from tests.support import documents
from tests.support.openapi import SCHEMAS, schema_errors
from training.hosting import options
from training.jobs import recipe_file

API = documents.in_one_line("docs/api.md")
OPERATIONS = documents.text_of("docs/operations.md")
RELIABILITY = documents.in_one_line("docs/reliability.md")
SOURCES = [path.read_text() for path in (ROOT / "functions" / "mien").rglob("*.py")]


def test_the_limits_of_images_are_the_functions() -> None:
    assert f"over {images.MAX_BYTES // 1024**2} MiB" in API
    assert f"over {images.MAX_PIXELS // 1_000_000} million pixels" in API
    assert f"over {bombs.MAX_COSTLY_PIXELS // 1_000_000} million for WebP" in API
    assert f"under {images.MIN_SIDE} pixels" in API


def test_the_limits_of_forms_and_pages_are_the_functions() -> None:
    assert f"files of up to {images.MAX_BYTES // 1024**2} MiB, and {forms.EXPIRES // 60} minutes" in API
    assert f"a page of up to {listing.PAGE} documents" in API
    assert f"up to {listing.MAX_READ} documents per page" in API
    assert f"valid for {pictures.EXPIRES // 60} minutes" in API


def test_every_reason_for_a_rejection_is_explained() -> None:
    reasons = {
        reason for source in SOURCES for reason in re.findall(r'(?:Rejected\(|BROKEN = \(|return )\s*"(\w+)",', source)
    }
    assert {"archived", "too_complex", "broken_image", "not_an_image", "empty"} <= reasons
    for reason in reasons:
        assert f"`{reason}`" in API
    stored = SCHEMAS["StoredRejection"]["properties"]["reason"]["enum"]
    table = documents.text_of("docs/api.md").partition("| `reason` | meaning |")[2].partition("\n\n")[0]
    assert sorted(re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE)) == sorted(stored)


def test_the_document_that_is_shown_is_one() -> None:
    [block] = [block for block in documents.blocks("docs/api.md") if block.language == "json"]
    shown = json.loads(block.text)
    assert schema_errors(shown, SCHEMAS["StoredResult"]) == []
    assert set(shown) == set(SCHEMAS["Faces"]["properties"])
    assert set(shown["image"]) == set(SCHEMAS["StoredImage"]["properties"]) - {"url"}
    for face in (shown, *(face for face in shown["faces"] if "label" in face)):
        assert sum(face["probabilities"].values()) == pytest.approx(1, abs=0.001)
        assert face["confidence"] == max(face["probabilities"].values()) == face["probabilities"][face["label"]]
    assert (shown["label"], shown["confidence"]) == (shown["faces"][0]["label"], shown["faces"][0]["confidence"])


def test_the_answer_about_health_that_is_shown_is_one() -> None:
    [shown] = re.findall(r'`(\{"status": "up".*?\})`', API)
    assert set(json.loads(shown)) == set(SCHEMAS["Health"]["properties"])
    assert not schema_errors(json.loads(shown), SCHEMAS["Health"])


def test_the_defaults_of_parameters_are_the_templates() -> None:
    parameters = template.load_template()["Parameters"]
    assert f"| {parameters['BatchSize']['Default']}, {parameters['BatchWindow']['Default']} s |" in OPERATIONS
    assert f"| `MaximumConcurrency` | {parameters['MaximumConcurrency']['Default']} |" in OPERATIONS
    assert f"| `InboxDays` | {parameters['InboxDays']['Default']} |" in OPERATIONS
    assert f"| `EndpointInput` | `{parameters['EndpointInput']['Default']}` |" in OPERATIONS
    assert f"| `ApiAuth` | `{parameters['ApiAuth']['Default']}` |" in OPERATIONS
    assert f"kept for {parameters['LogDays']['Default']} days (`LogDays`)" in OPERATIONS
    assert f"| `OldImageDays` | {parameters['OldImageDays']['Default']} |" in OPERATIONS
    assert f"| `ResultsDays` | {parameters['ResultsDays']['Default']} |" in OPERATIONS
    assert f"| `OldVersionDays` | {parameters['OldVersionDays']['Default']} |" in OPERATIONS


def test_the_quotas_that_are_named_are_those_of_the_defaults() -> None:
    assert f"{options.CONCURRENCY_QUOTA} | {2 * options.DEFAULT_CONCURRENCY} |" in OPERATIONS
    assert f"`deploy --max-concurrency`, which is {options.DEFAULT_CONCURRENCY} by default" in OPERATIONS
    recipes = [recipe_file.load_recipe(name) for name in recipe_file.recipe_names()]
    for ours in (each for each in recipes if each.script):
        kind = "spot training" if ours.compute.spot else "training"
        assert f"{ours.compute.instance_type} for {kind} job usage | 0 | the recipe `{ours.name}` |" in OPERATIONS
    assert "| Lambda | Concurrent executions |" in OPERATIONS


@pytest.mark.parametrize("page", ["docs/api.md", "docs/operations.md"])
def test_the_outputs_that_a_page_names_are_the_templates(page: str) -> None:
    named = re.findall(r"output `(\w+)`", documents.in_one_line(page))
    assert named
    assert set(named) <= set(template.load_template()["Outputs"])


def test_every_alarm_and_metric_is_named() -> None:
    alarms = [
        name for name, r in template.load_template()["Resources"].items() if r["Type"] == "AWS::CloudWatch::Alarm"
    ]
    assert alarms
    for alarm in alarms:
        assert f"| `{alarm}` |" in OPERATIONS
    metrics = {name for source in SOURCES for name in re.findall(r'(?:count|add_metric)\("(\w+)",', source)}
    assert {"MessagesRetried", "RequestsRefused"} <= metrics
    for metric in metrics:
        assert f"`{metric}`" in OPERATIONS


def test_the_delays_that_the_page_on_reliability_states_are_the_functions() -> None:
    days, minutes = retries.MAX_RETRY_SECONDS // 86_400, retries.LONGEST_DELAY // 60
    assert f"with a delay of {retries.FIRST_DELAY} s. The delay doubles" in RELIABILITY
    assert f"up to {minutes} minutes" in RELIABILITY
    assert (days, retries.MAX_CRASHES, endpoint.MAX_ATTEMPTS, circuit.FAILURE_THRESHOLD) == (3, 5, 4, 4)
    for words in ("After three days", "After the fifth crash", "up to four calls", "After four failures in a row"):
        assert words in RELIABILITY
    first, longest = circuit.FIRST_PAUSE, circuit.LONGEST_PAUSE
    assert f"for {first:.0f} s, then {2 * first:.0f} s, up to {longest:.0f} s" in RELIABILITY
    visibility = template.load_template()["Mappings"]["Seconds"]["Inbox"]["Visibility"]
    assert f"again after {visibility / 60} minutes" in RELIABILITY
    assert f"instead of {visibility} s" in RELIABILITY


@pytest.mark.parametrize(
    ("part", "trials"), [("faults", TRIALS), ("faults of lines", TRIALS_OF_LINES)], ids=["documents", "lines"]
)
def test_the_faults_that_the_page_on_reliability_lists_are_those_that_are_injected(
    part: str, trials: list[Trial]
) -> None:
    page = documents.text_of("docs/reliability.md")
    written = page.partition(f"<!-- {part}: written by the harness -->")[2].partition(f"<!-- {part}: end -->")[0]
    rows = re.findall(r"^\| ([^|]+) \| ([^|]+) \|", written, re.MULTILINE)
    assert {(trial.name, trial.how) for trial in trials} <= set(rows)
