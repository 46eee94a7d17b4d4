"""Markdown of a model's card: paragraphs, names, numbers with their intervals, and commands."""

import re
import shlex
import textwrap
from collections.abc import Sequence
from typing import Any

LINE_LENGTH = 120
# Of a line of a command, which is indented and can end with a backslash.
COMMAND_LENGTH = 110
# Characters with a meaning in Markdown. Names of classes and folders are free text.
SPECIAL = re.compile(r"([*_`<>|~\[\]])")


def paragraph(*parts: str) -> str:
    """Sentences as lines of a paragraph; empty parts are left out."""
    return textwrap.fill(" ".join(filter(None, parts)), LINE_LENGTH, break_long_words=False, break_on_hyphens=False)


def plain(name: str) -> str:
    """A name as Markdown shows it, character by character."""
    return SPECIAL.sub(r"\\\1", name)


def command_line(words: Sequence[str]) -> str:
    """A command as an indented block that can be copied. A long one continues on the next line, before an option."""
    units: list[str] = []
    for word in words:
        if units and not word.startswith("--") and units[-1].startswith("--") and " " not in units[-1]:
            # An option and its value stay on one line.
            units[-1] += f" {shlex.quote(word)}"
        else:
            units.append(shlex.quote(word))
    lines = [units[0]]
    for unit in units[1:]:
        if unit.startswith("--") and len(lines[-1]) + len(unit) > COMMAND_LENGTH:
            lines[-1] += " \\"
            lines.append(f"  {unit}")
        else:
            lines[-1] += f" {unit}"
    return textwrap.indent("\n".join(lines), "    ")


def command_text(text: str) -> str:
    """A command that is one line of text, as `command_line` writes it."""
    try:
        return command_line(shlex.split(text))
    except ValueError:
        # It is not a command, but a text by someone else.
        return f"    {' '.join(text.split())}"


def interval(part: dict[str, Any] | None) -> str:
    """An accuracy with its 95% interval in parentheses. None means that there were no images to measure it on."""
    if not part:
        return "not defined, because no images are left"
    return f"{part['accuracy']:.4f} ({part['accuracy_95'][0]:.3f} to {part['accuracy_95'][1]:.3f})"


def count_of(count: int) -> str:
    """A count at the start of a sentence."""
    return f"{count:,}" if count else "None"
