"""How fast FER2013's csv becomes arrays: our reader beside what most notebooks do, in one run.

    python benchmarks/csv_parse.py train.csv.gz     (pandas is needed besides)

Theirs is pandas, `iterrows`, and a string split a row. Both are given the first ROWS rows of the file, uncompressed.
"""

import gzip
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).parent.parent))

from training.data.fer2013 import read_faces

ROWS = 10_000


def theirs(path: Path) -> np.ndarray:
    images = []
    for _, row in pd.read_csv(path).iterrows():
        pixels = [int(value) for value in row["pixels"].split(" ")]
        images.append(np.array(pixels, dtype=np.uint8).reshape(48, 48))
    return np.stack(images)


def ours(path: Path) -> np.ndarray:
    return read_faces(path)[0].images


def main() -> None:
    source = Path(sys.argv[1])
    opened = gzip.open if source.suffix == ".gz" else open
    with tempfile.NamedTemporaryFile("w", suffix=".csv") as file:
        with opened(source, "rt") as lines:
            for _, line in zip(range(ROWS + 1), lines, strict=False):
                file.write(line)
        file.flush()
        seconds, arrays = {}, {}
        readers: dict[str, Callable[[Path], np.ndarray]] = {
            "pandas, iterrows, split": theirs,
            "training/fer2013.py": ours,
        }
        for name, reader in readers.items():
            times = []
            for _ in range(3):
                began = time.perf_counter()
                arrays[name] = reader(Path(file.name))
                times.append(time.perf_counter() - began)
            seconds[name] = min(times)
    one, other = arrays.values()
    if not (one == other).all():
        sys.exit("the two readers don't agree")
    slowest = max(seconds.values())
    print("| reader | rows a second | times as fast |\n| --- | ---: | ---: |")
    for name, taken in seconds.items():
        print(f"| {name} | {len(one) / taken:,.0f} | {slowest / taken:.1f} |")


if __name__ == "__main__":
    main()
