"""Writes the Markdown page of a benchmark beside its script."""

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
