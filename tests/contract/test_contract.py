"""The running API against openapi.yaml. Schemathesis sends requests that the document allows, and invalid ones."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from local.cloud import Cloud
from local.paths import ROOT, SAMPLES
from local.stack import start_application
from tests.support.openapi import DOCUMENT

SETTINGS = Path(__file__).with_name("schemathesis.toml")


@pytest.fixture(scope="module")
def cloud() -> Iterator[Cloud]:
    """A cloud whose bucket contains the image that openapi.yaml uses as its example."""
    [key] = [p["example"] for p in DOCUMENT["paths"]["/results/{key}"]["get"]["parameters"]]
    with start_application() as running:
        s3, bucket = running.client("s3"), running.outputs["BucketName"]
        s3.upload_file(str(SAMPLES / "happy" / "1.png"), bucket, f"{running.prefix('Inbox')}{key}")
        waiter = s3.get_waiter("object_exists")
        waiter.wait(Bucket=bucket, Key=f"{running.prefix('Results')}{key}.json", WaiterConfig={"Delay": 1})
        yield running


@pytest.mark.parametrize("seed", [1, 2])
def test_schemathesis_finds_nothing(seed: int, cloud: Cloud, tmp_path: Path) -> None:
    url = cloud.classify_url.rpartition("/")[0]
    key, description = f"x-api-key: {cloud.api_key}", str(ROOT / "openapi.yaml")
    options = ["--url", url, "--header", key, "--seed", str(seed), "--max-examples", "200", "--continue-on-failure"]
    ran = subprocess.run(
        ["schemathesis", "--config-file", str(SETTINGS), "run", description, *options],
        # Schemathesis stores its findings in the current folder.
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert ran.returncode == 0, ran.stdout
    assert "No issues found" in ran.stdout, ran.stdout
