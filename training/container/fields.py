"""Fields of a JSON document, with an error that names the field and what belongs there."""

import json
import math
from collections.abc import Sequence
from typing import Any


class ContractError(ValueError):
    """A model can't be used as its model.json describes it. The text is one sentence that says what to change."""


def required(document: dict[str, Any], name: str, prefix: str = "") -> Any:
    if name not in document:
        raise ContractError(f'"{prefix}{name}" is missing')
    return document[name]


def fields(document: dict[str, Any], name: str, known: Sequence[str], prefix: str = "") -> dict[str, Any]:
    """Returns an object inside of `document`. An unknown field is refused: it may be a misspelled one."""
    inner = required(document, name, prefix)
    if not isinstance(inner, dict):
        raise ContractError(f'"{prefix}{name}" is {show(inner)}, not a JSON object in braces')
    for field in inner:
        if field not in known:
            raise ContractError(f'"{prefix}{name}" has the unknown field {show(field)}: its fields are {listed(known)}')
    return inner


def choice(document: dict[str, Any], name: str, choices: Sequence[str], prefix: str = "") -> str:
    value = required(document, name, prefix)
    if not isinstance(value, str) or value not in choices:
        raise ContractError(f'"{prefix}{name}" is {show(value)}, not {one_of(list(map(show, choices)))}')
    return value


def is_integer(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def is_number(value: Any) -> bool:
    return is_integer(value) or (isinstance(value, float) and math.isfinite(value))


def show(value: Any) -> str:
    """A value as JSON, on one line and not too long."""
    text = json.dumps(value, ensure_ascii=not str(value).isprintable())
    return text if len(text) <= 80 else f"{text[:77]}..."


def one_of(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} or {names[-1]}"


def listed(names: Sequence[str]) -> str:
    return f"{', '.join(names[:-1])} and {names[-1]}"
