"""The commands with which the README makes an artifact of this repository's model, run."""

import re
import subprocess
from pathlib import Path

from local.paths import ROOT
from tests.support import documents
from training.hosting import source


def test_the_model_of_this_repository_can_be_packed_as_the_readme_says(tmp_path: Path) -> None:
    [block] = [b for b in documents.blocks("README.md") if "tar -czf" in b.text]
    packing = [line for line in block.text.splitlines() if re.match(r"mkdir|cp|tar", line)]
    for folder in ("models", "training"):
        (tmp_path / folder).symlink_to(ROOT / folder)
    subprocess.run(["sh", "-euc", "\n".join(packing)], cwd=tmp_path, check=True)
    files = source.files_of(tmp_path / "build" / "model.tar.gz")
    source.check_files("stock", files)
    source.check_files("slim", files)
