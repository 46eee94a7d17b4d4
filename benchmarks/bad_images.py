"""Measures how much time and memory damaged, disguised and very large images cost.

    .venv/bin/python benchmarks/bad_images.py

One process reads the tests' corpus of images, one file after the other, for both models and for the face detector.
Writes bad_images.md.
"""

import platform
import statistics
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "functions"))
sys.path.insert(0, str(Path(__file__).parent.parent))

from benchmarks.report import write_page
from tests.corpus.reading import Reading, readings

# Rows of the table.
SLOWEST = 10


def main() -> None:
    corpus = list(readings())
    wrong = [reading.name for reading in corpus if not reading.right]
    if wrong:
        sys.exit(f"These files gave neither the expected picture nor the expected reason: {', '.join(wrong)}")
    write_page(__file__, "Bad images", table(corpus), notes(corpus), ".venv/bin/python benchmarks/bad_images.py")


def table(corpus: list[Reading]) -> list[str]:
    slowest = sorted(corpus, key=lambda reading: -reading.seconds)[:SLOWEST]
    return [
        f"| slowest of {len(corpus)} files | size, MB | outcome | seconds |",
        "| --- | ---: | --- | ---: |",
        *(f"| {file.name} | {file.size / 1e6:.1f} | {outcome(file)} | {file.seconds:.2f} |" for file in slowest),
    ]


def notes(corpus: list[Reading]) -> str:
    peak = max(reading.megabytes for reading in corpus)
    median = statistics.median(reading.seconds for reading in corpus) * 1000
    version = f"{platform.python_implementation()} {platform.python_version()}"
    return f"""
        The process used at most {peak} MB of memory over all files. Half of the files took less than {median:.1f} ms.

        The files are the corpus of `tests/corpus`, which code generates and damages. A test
        (`tests/component/mien/logic/test_bombs.py`) checks that each file gives its picture or is rejected with its
        reason, within 2 s and 512 MB. Seconds are processor time of the slowest of three ways to read a file: as a
        whole for either model, 48x48 gray or 224x224 color, and searched for faces. They were measured with {version}
        on one core of an {platform.machine()} machine that also did other work.
    """


def outcome(reading: Reading) -> str:
    """A face, or the reason of the rejection. The two models' inputs have the same outcome."""
    face = reading.answers[0]
    return "a face" if isinstance(face, bytes) else f"`{face}`"


if __name__ == "__main__":
    main()
