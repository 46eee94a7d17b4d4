"""The commands that `make up` and `make deploy` print."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from examples import LINES_FOLDER, inbox_commands
from mien.logic.lines import deleted, serialize_lines
from mien.logic.uploads import Removal

OUTPUTS = {
    "Inbox": "s3://faces/inbox/",
    "Results": "s3://faces/results/",
    "Rejected": "s3://faces/rejected/",
    "ResultFormat": "lines",
}


@pytest.mark.skipif(not shutil.which("jq"), reason="jq is not installed")
def test_with_lines_a_command_prints_the_newest_line_of_each_image_that_is_not_deleted(tmp_path: Path) -> None:
    def line(name: str, sequencer: str, label: str) -> dict[str, object]:
        return {"image": {"key": name, "sequencer": sequencer}, "status": "classified", "label": label}

    objects = {
        # Of the sequencers, 0f is larger than 0AFF, and 0F0 is larger than 0E.
        "hour=09/1.jsonl": [line("a.png", "0f", "happy"), line("b.png", "0F0", "sad"), line("gone.png", "0A", "sad")],
        "hour=10/2.jsonl": [line("a.png", "0AFF", "sad"), deleted(Removal("faces", "gone.png", "0B"))],
        "hour=11/3.jsonl": [line("b.png", "0E", "happy")],
    }
    for name, lines in objects.items():
        path = tmp_path / LINES_FOLDER / name
        path.parent.mkdir(parents=True)
        path.write_bytes(serialize_lines(lines))
    *_, command = inbox_commands(OUTPUTS)
    done = subprocess.run(["bash", "-c", command], cwd=tmp_path, capture_output=True, text=True, check=True)
    rows = [json.loads(row) for row in done.stdout.splitlines()]
    assert rows == [["a.png", "classified", "happy"], ["b.png", "classified", "sad"]]
