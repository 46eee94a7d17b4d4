"""The limits that docs/security.md states are those of the code and of the template."""

from local import template
from local.paths import ROOT
from mien.logic import images, requests, retries
from mien.pipeline import batches, health
from tests.support.stack import only_resource

# The page in one line, because a sentence may continue on the next line.
PAGE = " ".join((ROOT / "docs" / "security.md").read_text().split())
WRITTEN = template.load_template()


def test_the_limits_that_the_page_states_are_those_of_the_code() -> None:
    assert f"Files over {images.MAX_BYTES // 1024**2} MiB" in PAGE
    assert f"over {requests.MAX_BODY_BYTES / 1_000_000} MB" in PAGE
    assert f"with {requests.MAX_IMAGES} images at most" in PAGE
    assert f"`EndpointInput=image`, {requests.MAX_CALLS} at most" in PAGE
    assert f"two calls in {health.INTERVAL:.0f} s at most" in PAGE
    assert f"are read ahead need {batches.MAX_READ_BYTES // 1024**2} MiB" in PAGE
    assert f"Over {images.MAX_PIXELS // 1_000_000} million pixels" in PAGE
    assert f"a side under {images.MIN_SIDE}" in PAGE
    names = {"WEBP": "WebP"}
    assert ", ".join(names.get(kind or "", kind or "") for kind in images.FORMATS) in PAGE


def test_the_limits_that_the_page_states_are_those_of_the_template() -> None:
    seconds, parameters = WRITTEN["Mappings"]["Seconds"], WRITTEN["Parameters"]
    assert f"the function's {WRITTEN['Globals']['Function']['MemorySize']} MB" in PAGE
    assert f"timeout of {seconds['Inbox']['Timeout']} s" in PAGE
    assert f"the function's {seconds['Api']['Timeout']} s" in PAGE
    throttle = only_resource("AWS::ApiGateway::UsagePlan")["Throttle"]
    assert f"{throttle['RateLimit']} times a second, {throttle['BurstLimit']} at once" in PAGE
    paths = template.api_definition()["paths"]
    public = [path for path, methods in paths.items() if methods.get("get", {}).get("security") == []]
    assert len(public) == 2
    assert f"{throttle['RateLimit']} times a second each" in PAGE
    assert f"{2 * throttle['RateLimit'] * 86_400 / 1e6:.1f} million requests of them a day" in PAGE
    assert f"`MaximumConcurrency` ({parameters['MaximumConcurrency']['Default']})" in PAGE
    days = seconds["TwoWeeks"]["Retention"] // 86400
    assert f"old versions of images stay for {parameters['OldImageDays']['Default']} days" in PAGE
    assert f"those of documents for {parameters['OldVersionDays']['Default']}" in PAGE
    assert f"messages for {days}, logs for {parameters['LogDays']['Default']}" in PAGE
    assert retries.MAX_CRASHES == 5
    assert "after the fifth time" in PAGE
