"""What the README shows of calling the application, run as it stands there."""

import os
import re
import shutil
import subprocess
import sys
from typing import Any

import pytest

from local.cloud import CREDENTIALS, Cloud
from local.paths import ROOT

SECTION = (ROOT / "README.md").read_text().partition("\n## Call it\n")[2].partition("\n## ")[0]
EXAMPLES = re.findall(r"^```(bash|python)\n(.*?)^```$", SECTION, re.MULTILINE | re.DOTALL)
# In the README's order, because the later ones look for what the earlier ones have uploaded.
PRINTS = [
    ("curl", r"\"label\": \"happy\".*\"label\": \"happy\".*\nhappy\n$"),
    ("requests", r"^happy\n$"),
    ("boto3", r"^happy\n$"),
    ("uploads", r"^$"),
    ("results", r"\"key\": \"inbox/team/1.png\".*\"results\": \[\{.*\"label\": \"happy\""),
]


def run(language: str, script: str, cloud: Cloud) -> subprocess.CompletedProcess[str]:
    surroundings = {
        **os.environ,
        **CREDENTIALS,
        "AWS_ENDPOINT_URL": cloud.url,
        "API": cloud.page_url.removesuffix("/"),
        "KEY": cloud.api_key,
        "BUCKET": cloud.outputs["BucketName"],
    }
    command = [sys.executable, "-c"] if language == "python" else ["bash", "-euc"]
    return subprocess.run([*command, script], cwd=ROOT, env=surroundings, capture_output=True, text=True, timeout=60)


def test_every_example_is_run() -> None:
    assert len(EXAMPLES) == len(PRINTS)
    for (_, script), (about, _) in zip(EXAMPLES, PRINTS, strict=True):
        assert about in script
        lines = [line for line in script.splitlines() if line and not line.startswith("import")]
        assert len(lines) <= 5


@pytest.mark.parametrize("place", range(len(PRINTS)), ids=[about for about, _ in PRINTS])
def test_an_example_prints_what_the_readme_says(place: int, cloud: Cloud, bucket: Any) -> None:
    language, script = EXAMPLES[place]
    if language == "bash" and not shutil.which("curl"):
        pytest.skip("there is no curl here")
    if PRINTS[place][0] == "results":
        bucket.await_document("team/1.png")
    ran = run(language, script, cloud)
    assert ran.returncode == 0, ran.stderr
    assert re.search(PRINTS[place][1], ran.stdout, re.DOTALL), ran.stdout
