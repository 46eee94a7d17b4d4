"""The repository's Markdown files, as tests read them: their links, their code blocks and the commands in them.

A block in `bash` or `python` is an example that a test runs. A block in `sh` holds commands that are not run, because
they need AWS, hours, or an installation; tests check that everything they name exists. A block in `sql` is not run,
because it needs Athena or DuckDB. A block in `text` is a diagram.
"""

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from local.paths import ROOT

# Folders that hold what was installed or built, and no text of ours.
INSTALLED = re.compile(r"^(\.venv.*|\.git|\.aws-sam|\..*_cache|\.hypothesis|build|node_modules)$")
FENCE = re.compile(r"^(?P<indent> *)```(?P<language>[\w-]*)\n(?P<text>.*?)^(?P=indent)```$", re.MULTILINE | re.DOTALL)
# The first word of what is a command and not a name, a path or a value.
PROGRAMS = re.compile(r"^(make|sam|aws|python|cp|mkdir|tar|sed|\.venv[\w-]*/bin/python)$")


@dataclass(frozen=True)
class Block:
    """language: the word after the three backticks, or empty. place: counted from 0 in its page."""

    page: str
    place: int
    language: str
    text: str


def pages() -> list[Path]:
    """All Markdown files of the repository."""
    folders = [path for path in sorted(ROOT.iterdir()) if path.is_dir() and not INSTALLED.match(path.name)]
    return sorted(ROOT.glob("*.md")) + [page for folder in folders for page in sorted(folder.rglob("*.md"))]


def name_of(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def text_of(name: str) -> str:
    return (ROOT / name).read_text()


def in_one_line(name: str) -> str:
    """A page's text without line breaks, so that a test does not depend on where lines end."""
    return " ".join(text_of(name).split())


def blocks(name: str) -> list[Block]:
    found = FENCE.finditer(text_of(name))
    return [Block(name, place, match["language"], match["text"]) for place, match in enumerate(found)]


def prose(name: str) -> str:
    """A page without its code blocks."""
    return FENCE.sub("", text_of(name))


def links(name: str) -> list[str]:
    """The targets of a page's links and images, in Markdown and in HTML."""
    text = prose(name)
    return sorted({*re.findall(r"\]\(([^)\s]+)\)", text), *re.findall(r'(?:src|href)="([^"]+)"', text)})


def anchors(name: str) -> set[str]:
    """The anchors that GitHub gives a page's headings."""
    headings = re.findall(r"^#+ (.+)$", prose(name), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def commands(name: str) -> Iterator[list[str]]:
    """The commands that a page shows, in words: the lines of its `sh` blocks, of its blocks without a language, its
    indented lines and its inline code, if they begin with a known program."""
    lines = [line for block in blocks(name) if block.language in ("sh", "") for line in joined(block.text)]
    lines += [code.replace("\n", " ") for code in re.findall(r"`([^`]+)`", prose(name))]
    lines += [line for line in joined(prose(name)) if line.startswith("    ")]
    for line in lines:
        for part in line.split(" | "):
            if looks_typed(part):
                yield shlex.split(part, comments=True)


def looks_typed(line: str) -> bool:
    first, _, rest = line.strip().partition(" ")
    return bool(rest) and PROGRAMS.match(first) is not None


def joined(text: str) -> list[str]:
    """Lines, with those that end with a backslash continued."""
    return text.replace("\\\n", " ").splitlines()
