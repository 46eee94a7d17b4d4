"""Writes the Markdown page of a benchmark beside its script."""

import re
import sys
import textwrap
from collections.abc import Sequence
from pathlib import Path

PAGE_WIDTH = 120


def write_page(script: str, title: str, table: Sequence[str], notes: str, command: str) -> None:
    """Writes the page of a script, and prints its table.

    script: the script's `__file__`. The page has the same name with the ending `.md`.
    table: lines of a Markdown table.
    notes: what was measured, how, and on which machine, as paragraphs. They are wrapped at PAGE_WIDTH characters.
    command: the command that writes the page.
    """
    Path(script).with_suffix(".md").write_text(format_page(title, table, notes, command))
    sys.stdout.write("\n".join(table) + "\n")


def format_page(title: str, table: Sequence[str], notes: str, command: str) -> str:
    paragraphs = [
        textwrap.fill(" ".join(paragraph.split()), PAGE_WIDTH, break_long_words=False, break_on_hyphens=False)
        for paragraph in notes.strip().split("\n\n")
    ]
    blocks = [f"# {title}", "\n".join(table), *paragraphs, "This page is written by", f"    {command}"]
    return "\n\n".join(blocks) + "\n"


def write_part(page: Path, part: str, text: str, writer: str) -> None:
    """Replaces what is between the marks of a part. Raises ValueError if the page does not have these marks."""
    page.write_text(replace_part(page.read_text(), part, text, writer))


def replace_part(content: str, part: str, text: str, writer: str) -> str:
    """writer: what the marks name, so that nobody edits the part by hand."""
    begin, end = f"<!-- {part}: written by {writer} -->", f"<!-- {part}: end -->"
    if begin not in content or end not in content:
        raise ValueError(f"the page has no place for {part}: it must hold {begin} and {end}")
    return re.sub(
        f"{re.escape(begin)}.*{re.escape(end)}", lambda _: f"{begin}\n{text}\n{end}", content, flags=re.DOTALL
    )
