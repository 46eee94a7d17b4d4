"""The example in docs/operations.md that reads results as lines with pandas, which only this environment has."""

import random
import re
import subprocess
import sys
from pathlib import Path

from mien.logic.lines import deleted, lines_key, serialize_lines
from mien.logic.results import Result, is_newer
from mien.logic.uploads import Removal

PAGE = (Path(__file__).parents[2] / "docs" / "operations.md").read_text()
[EXAMPLE] = [text for text in re.findall(r"^```python\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL) if "pandas" in text]
IMAGES = 40
HOUR = 3600


def line(key: str, sequencer: str, label: str) -> Result:
    image = {"bucket": "b", "key": key, "version_id": "v", "etag": "e", "sequencer": sequencer}
    return {"schema": 2, "status": "classified", "label": label, "confidence": 0.5, "faces": [], "image": image}


def store(folder: Path, hour: int, lines: list[Result]) -> None:
    body = serialize_lines(lines)
    file = folder / lines_key("results/", body, hour * HOUR)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(body)


def printed(folder: Path) -> list[list[str]]:
    """What the example prints, in words, without the row of titles."""
    ran = subprocess.run([sys.executable, "-c", EXAMPLE], cwd=folder, capture_output=True, text=True, check=True)
    return sorted(row.split() for row in ran.stdout.splitlines()[1:])


def test_the_newest_line_of_each_image_is_printed_whatever_its_sequencer_looks_like(tmp_path: Path) -> None:
    chosen = random.Random(1)
    expected = []
    for n in range(IMAGES):
        key, sequencers = f"inbox/été-{n}.png", list[str]()
        while len(sequencers) < 5:
            text = "".join(chosen.choices("09aAfF", k=chosen.randint(1, 5))).ljust(chosen.choice([0, 16, 64]), "0")
            if all(is_newer(text, other) or is_newer(other, text) for other in sequencers):
                sequencers.append(text)
        for hour, sequencer in enumerate(sequencers):
            store(tmp_path, hour, [line(key, sequencer, sequencer)])
        newest = next(text for text in sequencers if not any(is_newer(other, text) for other in sequencers))
        expected.append([key, "classified", newest, "0.5"])
    assert printed(tmp_path) == sorted(expected)


def test_a_deleted_image_is_not_printed_until_it_is_uploaded_again(tmp_path: Path) -> None:
    for name in ("gone", "back"):
        store(tmp_path, 0, [line(name, "0A", "happy")])
        store(tmp_path, 1, [deleted(Removal("b", name, "0A5"))])
    store(tmp_path, 1, [line("back", "0b", "sad")])
    assert printed(tmp_path) == [["back", "classified", "sad", "0.5"]]
