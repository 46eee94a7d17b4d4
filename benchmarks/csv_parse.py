"""Measures how fast FER2013's CSV file becomes arrays: our reader, and the usual code of notebooks, in one run.

    python benchmarks/csv_parse.py train.csv.gz

Needs an environment that has pandas. The usual code is pandas with `iterrows`, and splits one string per row. Both read
the first ROWS rows of the file, uncompressed. Writes csv_parse.md.
"""

import gzip
import platform
import sys
import tempfile
import time
from collections.abc import Callable
from itertools import islice
from pathlib import Path

import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).parent.parent))

from benchmarks.report import write_page
from training.data.fer2013 import read_faces

ROWS = 10_000
RUNS = 3


def read_with_pandas(path: Path) -> np.ndarray:
    images = []
    for _, row in pd.read_csv(path).iterrows():
        pixels = [int(value) for value in row["pixels"].split(" ")]
        images.append(np.array(pixels, dtype=np.uint8).reshape(48, 48))
    return np.stack(images)


def read_with_ours(path: Path) -> np.ndarray:
    return read_faces(path)[0].images


READERS: dict[str, Callable[[Path], np.ndarray]] = {
    "pandas, iterrows, split": read_with_pandas,
    "training/data/fer2013.py": read_with_ours,
}


def main() -> None:
    source = Path(sys.argv[1])
    open_text = gzip.open if source.suffix == ".gz" else open
    seconds: dict[str, float] = {}
    images: dict[str, np.ndarray] = {}
    with tempfile.NamedTemporaryFile("w", suffix=".csv") as file:
        with open_text(source, "rt") as lines:
            # The first line has the names of the columns.
            file.writelines(islice(lines, ROWS + 1))
        file.flush()
        for name, reader in READERS.items():
            times = []
            for _ in range(RUNS):
                began = time.perf_counter()
                images[name] = reader(Path(file.name))
                times.append(time.perf_counter() - began)
            seconds[name] = min(times)
    first, second = images.values()
    if not np.array_equal(first, second):
        sys.exit("the two readers gave different arrays")
    slowest = max(seconds.values())
    table = ["| reader | rows per second | speed-up |", "| --- | ---: | ---: |"]
    table += [f"| {name} | {len(first) / taken:,.0f} | {slowest / taken:.1f} |" for name, taken in seconds.items()]
    notes = f"""
        Each reader read the first {len(first):,} rows of `{source.name.removesuffix(".gz")}` {RUNS} times, on one core
        of an {platform.machine()} machine. The table has the fastest time. Both readers gave the same arrays. The
        script needs an environment that has pandas.
    """
    write_page(__file__, "Reading FER2013's CSV file", table, notes, "python benchmarks/csv_parse.py train.csv.gz")


if __name__ == "__main__":
    main()
