"""Which names the labels of a model can have. The functions have the same rule, in mien/logic/labels.py."""

import re
from typing import Any

from fields import ContractError, show

LABELS = (2, 1000)
LABEL_CHARACTERS = 64
# Bytes of all labels of a model in UTF-8.
LABELS_BYTES = 12_000
FORBIDDEN_IN_LABELS = ',/\\"'
# Control characters, and halves of surrogate pairs.
INVISIBLE_IN_LABELS = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")


def check_labels(labels: Any) -> tuple[str, ...]:
    """Returns the labels. Raises ContractError if they are not 2 to 1,000 different names."""
    if not isinstance(labels, list):
        raise ContractError(f'"labels" is {show(labels)}, not a list of names in the order of the model\'s outputs')
    smallest, largest = LABELS
    if not smallest <= len(labels) <= largest:
        raise ContractError(f'"labels" has {len(labels):,} names, and a model has {smallest} to {largest:,}')
    seen: dict[str, str] = {}
    for label in labels:
        rule = label_fault(label)
        if rule:
            raise ContractError(f"the label {show(label)} can't be used: {rule}")
        if label.casefold() in seen:
            raise ContractError(f"the labels {show(seen[label.casefold()])} and {show(label)} are the same name")
        seen[label.casefold()] = label
    total = len("".join(labels).encode())
    if total > LABELS_BYTES:
        raise ContractError(f'"labels" has {total:,} bytes in all, and has to have {LABELS_BYTES:,} at most')
    return tuple(labels)


def label_fault(label: Any) -> str | None:
    """The rule that a label breaks, or None. The functions have the same rules in mien/logic/labels.py."""
    if not isinstance(label, str):
        return "a label is a string"
    if not 0 < len(label) <= LABEL_CHARACTERS:
        return f"a label has 1 to {LABEL_CHARACTERS} characters"
    if INVISIBLE_IN_LABELS.search(label):
        return "a label has no control characters"
    if label != label.strip(" "):
        return "a label does not begin or end with a space"
    if label.startswith("."):
        return "a label does not begin with a dot"
    if any(character in label for character in FORBIDDEN_IN_LABELS):
        return f"a label has none of the characters {' '.join(FORBIDDEN_IN_LABELS)}"
    return None
