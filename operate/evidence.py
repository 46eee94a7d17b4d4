"""The report of an erasure: what was deleted, when and by whom, without the names of the images."""

import hashlib
import json
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from mien import __version__
from operate.erasure import Contents, Outcome
from operate.selection import Selection
from operate.versions import Count


@dataclass
class Erasure:
    """One run of `forget`.

    operator: ARN of the identity that deletes.
    found, left: what there was before and after the deletion.
    ended, left: None until the deletion has ended.
    """

    selection: Selection
    operator: str
    found: Contents
    began: datetime
    outcome: Outcome = field(default_factory=Outcome)
    ended: datetime | None = None
    left: Contents | None = None

    @property
    def is_complete(self) -> bool:
        return self.left is not None and not self.left.total and not self.outcome.failures and not self.makes_lines

    @property
    def makes_lines(self) -> bool:
        """Whether the stack will write lines about these images, because this run has deleted some of them."""
        return self.selection.stack.has_lines and self.outcome.deleted.images.total > 0


def evidence(erasure: Erasure) -> str:
    """Returns the report as JSON.

    A name is often personal data itself, so the report has only its SHA-256. People who know the name can check with it
    which request the report belongs to.
    """
    report = {
        "mien": __version__,
        "bucket": erasure.selection.stack.bucket,
        "selection": {
            "kind": erasure.selection.kind,
            "sha256": hashlib.sha256(erasure.selection.name.encode()).hexdigest(),
        },
        "operator": erasure.operator,
        "began": timestamp(erasure.began),
        "ended": erasure.ended and timestamp(erasure.ended),
        "complete": erasure.is_complete,
        "found": figures(erasure.found),
        "deleted": figures(erasure.outcome.deleted),
        "not_deleted": dict(erasure.outcome.failures),
        "left": erasure.left and figures(erasure.left),
    }
    return json.dumps(report, indent=2) + "\n"


def timestamp(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds")


def figures(contents: Contents) -> dict[str, Any]:
    return {
        "images": count_figures(contents.images),
        "documents": count_figures(contents.documents),
        "reviews": count_figures(contents.reviews),
        "lines": {name: getattr(contents.lines, name) for name in ("lines", "objects", "size")},
        "dead_letters": contents.dead_letters,
    }


def count_figures(count: Count) -> dict[str, int]:
    return {name: value for name, value in asdict(count).items() if name != "last_key"}
