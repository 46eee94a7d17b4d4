"""Coverage-guided fuzzing of image files and storage events.

    make fuzz TARGET=images SECONDS=600

It begins with the files of the corpus, or with the events in `events/`. Inputs that reach new code are stored in
`build/fuzz/TARGET/inputs`, and a later run continues from them. The run ends at the first finding, which is stored in
`build/fuzz/TARGET/findings`. Add each finding as a test: an image to `tests/corpus`, with its expected outcome, and an
event to `tests/unit/mien/logic/test_uploads.py`.
"""

import sys
from collections.abc import Callable
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["mien", "PIL"]):
    from tests.fuzz import targets

from tests import corpus

ROOT = Path(__file__).parents[2]
# Bytes. Most files of the corpus are smaller, and larger ones rarely reach other code.
MAX_INPUT = 32 * 1024
TARGETS: dict[str, Callable[[bytes], None]] = {"images": targets.image, "events": targets.event}


def seeds(target: str) -> dict[str, bytes]:
    if target == "events":
        return {path.name: path.read_bytes() for path in (ROOT / "events").glob("*.json")}
    files = {name: made().data for name, made in corpus.FILES.items() if name not in corpus.BOMBS}
    return {f"{number}": data for number, data in enumerate(files.values()) if len(data) <= MAX_INPUT}


def main() -> None:
    target, *options = sys.argv[1:]
    folder = ROOT / "build" / "fuzz" / target
    inputs, findings = folder / "inputs", folder / "findings"
    for path in (inputs, findings):
        path.mkdir(parents=True, exist_ok=True)
    for name, data in seeds(target).items():
        (inputs / name).write_bytes(data)
    limits = ["-rss_limit_mb=1024", "-timeout=20", f"-max_len={MAX_INPUT}", f"-artifact_prefix={findings}/"]
    atheris.Setup([sys.argv[0], *limits, *options, str(inputs)], TARGETS[target])
    atheris.Fuzz()


if __name__ == "__main__":
    main()
