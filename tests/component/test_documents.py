"""The commands with which the README makes an artifact of this repository's model, run."""

import re
import subprocess
from pathlib import Path

from local.paths import ROOT
from tests.support import documents
from training.hosting.artifact import list_files
from training.hosting.container import validate_files


def test_the_model_of_this_repository_can_be_packed_as_the_readme_says(tmp_path: Path) -> None:
    [block] = [b for b in documents.blocks("README.md") if "tar -czf" in b.text]
    packing = [line for line in block.text.splitlines() if re.match(r"mkdir|cp|tar", line)]
    for folder in ("models", "training"):
        (tmp_path / folder).symlink_to(ROOT / folder)
    subprocess.run(["sh", "-euc", "\n".join(packing)], cwd=tmp_path, check=True)
    files = list_files(tmp_path / "build" / "model.tar.gz")
    validate_files("stock", files)
    validate_files("slim", files)
