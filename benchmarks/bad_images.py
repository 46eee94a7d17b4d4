"""What bad images cost: the corpus of the tests, read by one process, a file at a time, for both models.

    .venv/bin/python benchmarks/bad_images.py

Writes benchmarks/bad_images.md.
"""

import platform
import statistics
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "functions"))
sys.path.insert(0, str(Path(__file__).parent.parent))

from tests.corpus.reading import Reading, readings

SLOWEST = 10


def main() -> None:
    read = list(readings())
    wrong = [reading.name for reading in read if not reading.right]
    if wrong:
        sys.exit(f"These gave neither their picture nor their reason: {', '.join(wrong)}")
    Path(__file__).with_suffix(".md").write_text(page(read))


def page(read: list[Reading]) -> str:
    slowest = sorted(read, key=lambda reading: -reading.seconds)[:SLOWEST]
    rows = [f"| {one.name} | {one.size / 1e6:.1f} | {outcome(one)} | {one.seconds:.2f} |" for one in slowest]
    version = f"{platform.python_implementation()} {platform.python_version()}"
    return f"""# Bad images

| slowest of {len(read)} files | size, MB | what comes of it | seconds |
| --- | ---: | --- | ---: |
{chr(10).join(rows)}

The process's memory, over all files: {max(one.megabytes for one in read)} MB at its peak. Half of the files take less
than {statistics.median(one.seconds for one in read) * 1000:.1f} ms.

Read was the corpus of `tests/corpus`, made and damaged by code. Each file must show its picture or be rejected with its
reason, in 2 s and 512 MB, which a test holds (`tests/component/mien/logic/test_bombs.py`). Seconds are the
processor's, for the slower of the two models' inputs, 48x48 gray and 224x224 color, with {version}, on one core of
an x86_64 machine that had other work besides. Written by

    .venv/bin/python benchmarks/bad_images.py
"""


def outcome(reading: Reading) -> str:
    face = reading.answers[0]
    return "a face" if isinstance(face, bytes) else f"`{face}`"


if __name__ == "__main__":
    main()
