"""The examples in the README and under docs/, run as they are written: every block in `bash` or `python`.

tests/training/test_own_classes.py runs those of two pages, which need PyTorch. Beside it, test_lines_examples.py runs
those with pandas and DuckDB.
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from local.cloud import Cloud
from local.paths import ROOT
from tests.support import documents
from tests.support.bucket import Bucket
from tests.support.documents import Block

WITH_PYTORCH = ("docs/models.md", "docs/own-classes.md")
EXAMPLES = [
    block
    for page in documents.pages()
    if documents.name_of(page) not in WITH_PYTORCH
    for block in documents.blocks(documents.name_of(page))
    if block.language in ("bash", "python") and "pandas" not in block.text
]
# In the pages' order, because later examples look for what earlier ones have uploaded: a word of each example, and what
# it prints.
PRINTS = [
    ("/classify", r"\"label\": \"happy\""),
    ("object_exists", r"^happy\n$"),
    ("Counter", r"^Counter\({'happy': 1}\)\n$"),
    ("base64", r"\"label\": \"happy\".*\"label\": \"happy\".*\nhappy\n$"),
    ("/classify?faces=whole", r"\"label\": \"happy\""),
    ("/classify", r"^happy\n$"),
    ("/uploads", r"^$"),
    ("/results", r"\"key\": \"inbox/team/1.png\".*\"results\": \[\{.*\"label\": \"happy\""),
    ("/folders", r"\"documents\": \d+, .*\"prefix\": \"team/\""),
    ("/reviews", r"\"verdict\": \"label\".*\"reviews\": \[\{.*\"reviewer\": \"Ann\""),
]


def run(example: Block, cloud: Cloud, folder: Path) -> subprocess.CompletedProcess[str]:
    environment = {
        **os.environ,
        **cloud.credentials,
        "AWS_ENDPOINT_URL": cloud.url,
        "API": cloud.page_url.removesuffix("/"),
        "KEY": cloud.api_key,
        "BUCKET": cloud.outputs["BucketName"],
    }
    command = [sys.executable, "-c"] if example.language == "python" else ["bash", "-euc"]
    return subprocess.run(
        [*command, example.text], cwd=folder, env=environment, capture_output=True, text=True, timeout=60, check=False
    )


def test_every_example_is_run() -> None:
    assert len(EXAMPLES) == len(PRINTS)
    for example, (word, _) in zip(EXAMPLES, PRINTS, strict=True):
        assert word in example.text
        lines = [line for line in example.text.splitlines() if line and not line.startswith("import")]
        assert len(lines) <= 5


@pytest.mark.parametrize("place", range(len(PRINTS)), ids=[f"{e.page} {e.place}" for e in EXAMPLES])
def test_an_example_prints_what_the_page_says(place: int, cloud: Cloud, bucket: Bucket, tmp_path: Path) -> None:
    example = EXAMPLES[place]
    if example.language == "bash" and not shutil.which("curl"):
        pytest.skip("there is no curl here")
    (tmp_path / "samples").symlink_to(ROOT / "samples")
    if "results/team" in example.text or "reviews/team" in example.text:
        bucket.await_document("team/1.png")
    if "Counter" in example.text:
        # `aws s3 cp --recursive`, which the page shows before, has left this here.
        bucket.await_document("1.png")
        (tmp_path / "results").mkdir()
        bucket.s3.download_file(bucket.name, f"{bucket.results}1.png.json", str(tmp_path / "results" / "1.png.json"))
    ran = run(example, cloud, tmp_path)
    assert ran.returncode == 0, ran.stderr
    assert re.search(PRINTS[place][1], ran.stdout, re.DOTALL), ran.stdout
