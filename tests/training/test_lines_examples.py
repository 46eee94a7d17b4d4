"""The examples in docs/operations.md that read results as lines, with packages that only this environment has."""

import random
import re
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest

from mien.logic.lines import deleted, lines_key, serialize_lines
from mien.logic.results import Result, is_newer
from mien.logic.uploads import Removal

PAGE = (Path(__file__).parents[2] / "docs" / "operations.md").read_text()
BLOCKS: list[tuple[str, str]] = re.findall(r"^```(python|sql)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
[PANDAS] = [text for language, text in BLOCKS if language == "python" and "pandas" in text]
[DUCKDB] = [text for language, text in BLOCKS if language == "sql" and "read_ndjson" in text]
# Athena itself can't be run here. DuckDB runs its query over a view with the columns that the query names.
[ATHENA] = [text for language, text in BLOCKS if language == "sql" and "mien_lines" in text]
VIEW = """
CREATE VIEW mien_lines AS SELECT * FROM read_ndjson('results/**/*.jsonl', hive_partitioning = true, columns = {
  status: 'VARCHAR', label: 'VARCHAR', confidence: 'DOUBLE', image: 'STRUCT(key VARCHAR, sequencer VARCHAR)'
})
"""
IMAGES = 40
# The query of Athena names a day shortly before this one.
BEGIN = datetime(2026, 11, 27, tzinfo=UTC).timestamp()
HOUR = 3600


def line(key: str, sequencer: str, label: str) -> Result:
    image = {"bucket": "b", "key": key, "version_id": "v", "etag": "e", "sequencer": sequencer}
    return {"schema": 2, "status": "classified", "label": label, "confidence": 0.5, "faces": [], "image": image}


def store(folder: Path, hour: int, lines: list[Result]) -> None:
    body = serialize_lines(lines)
    file = folder / lines_key("results/", body, BEGIN + hour * HOUR)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(body)


def by_pandas() -> list[list[str]]:
    """What the example prints, without the row of titles."""
    ran = subprocess.run([sys.executable, "-c", PANDAS], capture_output=True, text=True, check=True)
    return [row.split() for row in ran.stdout.splitlines()[1:]]


def by_duckdb() -> list[list[str]]:
    return rows_of(DUCKDB)


def by_the_query_of_athena() -> list[list[str]]:
    return rows_of(VIEW, ATHENA[ATHENA.index("SELECT") :])


def rows_of(*statements: str) -> list[list[str]]:
    with duckdb.connect() as connection:
        for statement in statements:
            connection.execute(statement)
        return [[str(value) for value in row] for row in connection.fetchall()]


@pytest.fixture(params=[by_pandas, by_duckdb, by_the_query_of_athena], ids=lambda ask: ask.__name__)
def rows(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[[], list[list[str]]]:
    """Asks for the images in the folder of the test. Returns key, status, label and confidence of each as text."""
    monkeypatch.chdir(tmp_path)
    return lambda: sorted(request.param())


def test_the_newest_line_of_each_image_is_returned_whatever_its_sequencer_looks_like(
    rows: Callable[[], list[list[str]]], tmp_path: Path
) -> None:
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
    assert rows() == sorted(expected)


def test_a_deleted_image_is_not_returned_until_it_is_uploaded_again(
    rows: Callable[[], list[list[str]]], tmp_path: Path
) -> None:
    for name in ("gone", "back"):
        store(tmp_path, 0, [line(name, "0A", "happy")])
        store(tmp_path, 1, [deleted(Removal("b", name, "0A5"))])
    store(tmp_path, 1, [line("back", "0b", "sad")])
    assert rows() == [["back", "classified", "sad", "0.5"]]


def test_a_rejection_is_returned_without_a_label(rows: Callable[[], list[list[str]]], tmp_path: Path) -> None:
    rejected = line("broken", "0A", "")
    store(tmp_path, 0, [line("fine", "0A", "happy")])
    store(
        tmp_path, 1, [{**{n: v for n, v in rejected.items() if n not in ("label", "confidence")}, "status": "rejected"}]
    )
    found = {row[0]: row[1] for row in rows()}
    assert found == {"fine": "classified", "broken": "rejected"}
