"""Which names the labels of a model can have.

A label is a word in documents, in the API's queries and in CSV files, and it names a folder of training images. So it
has no character that would end it there. training/container/contract.py has the same rule.
"""

import re
from collections.abc import Sequence

# A model tells apart at least two labels. A document has one probability per label, and must stay small.
MIN_LABELS, MAX_LABELS = 2, 1000
# Characters of one label, and bytes of all labels of a model in UTF-8.
MAX_LENGTH = 64
MAX_BYTES = 12_000
# No control characters, halves of surrogate pairs, commas, slashes, backslashes and quotes. No dot or space at the
# beginning, and no space at the end.
NEVER = r"\x00-\x1f\x7f-\x9f\ud800-\udfff,/\\\""
LABEL = re.compile(rf"[^{NEVER}. ]([^{NEVER}]*[^{NEVER} ])?")
RULE = (
    f'a label has 1 to {MAX_LENGTH} characters, without control characters and , / \\ ", without a dot at its start '
    "and without spaces around it"
)


def is_label(name: object) -> bool:
    """Returns whether a value is a text that can be a label."""
    return isinstance(name, str) and len(name) <= MAX_LENGTH and LABEL.fullmatch(name) is not None


def find_fault(labels: Sequence[object]) -> str | None:
    """Returns what is wrong with the labels of a model, as the end of a sentence, or None if they are right."""
    if not MIN_LABELS <= len(labels) <= MAX_LABELS:
        return f"there are {len(labels):,} labels, not {MIN_LABELS} to {MAX_LABELS:,}"
    seen: dict[str, str] = {}
    for label in labels:
        if not isinstance(label, str) or not is_label(label):
            return f"{label!r} can't be a label: {RULE}"
        # Folders whose names differ only in capital letters are one folder on many computers.
        if other := seen.get(label.casefold()):
            return f"{other!r} and {label!r} are the same name"
        seen[label.casefold()] = label
    size = sum(len(label.encode()) for label in seen.values())
    return f"the labels have {size:,} bytes in all, not at most {MAX_BYTES:,}" if size > MAX_BYTES else None
