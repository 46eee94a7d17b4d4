"""The labels of the committed model, which most tests use."""

import json

from local.paths import MODEL

# Names that a label can have, and names that it can't.
GOOD = ("a", "7", "two words", "yellow lady's slipper", "n02_b-1.0", "glücklich", "笑顔", "x" * 64)
BAD = ("", " ", " a", "a ", ".a", "a,b", "a/b", "a\\b", 'say "a"', "a\tb", "a\x7f", "x" * 65)
LABELS: tuple[str, ...] = tuple(json.loads((MODEL / "model.json").read_text())["labels"])
