"""The labels of the committed model, which most tests use."""

import json

from local.paths import MODEL

LABELS: tuple[str, ...] = tuple(json.loads((MODEL / "model.json").read_text())["labels"])
