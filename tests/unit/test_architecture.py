"""docs/architecture.md: it names every module, and imports go in the directions that it states."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from local.paths import FUNCTIONS, ROOT
from tests.support import documents

PAGE = documents.text_of("docs/architecture.md")
# Where each package is, and the heading of the section that lists its modules.
PACKAGES = {
    "mien": (FUNCTIONS, "functions/mien/"),
    "training": (ROOT, "training/"),
    "local": (ROOT, "local/"),
    "operate": (ROOT, "local/"),
    "deployment": (ROOT, "deployment/"),
}
AWS = {"boto3", "botocore"}
# What each part may import, of the project's own parts and of AWS's SDK. Parts of `mien` and `training` are folders.
# The command line in a folder of `training` is above all folders.
ARROWS: dict[str, set[str]] = {
    "mien.handlers": {"mien", "mien.pipeline", "mien.aws", "mien.logic", "mien.errors", "mien.settings"},
    "mien.pipeline": {"mien.aws", "mien.logic", "mien.errors", "mien.settings"},
    "mien.aws": {"mien.logic", "mien.errors", "mien.settings", *AWS},
    "mien.logic": {"mien.errors"},
    "mien.errors": set(),
    "mien.settings": {"mien.logic"},
    "mien": set(),
    "training": {"cli", "training.commands", "training.errors"},
    "training.commands": {
        *("training.data", "training.jobs", "training.evaluation", "training.hosting", "training.detector"),
        *("training.description", "training.distillation", "training.quantization"),
        *("training.console", "training.model_source", "training.s3_uri", "training.errors", "training.quotas", "cli"),
        *("mien.logic", *AWS),
    },
    "training.console": set(),
    "training.evaluation": {"training.data"},
    "training.data": {"mien.logic", "mien.errors", "training.s3_uri", *AWS},
    "training.errors": {"cli"},
    "training.jobs": {"training.s3_uri", "training.errors", "training.quotas", *AWS},
    "training.hosting": {
        *("mien.logic", "mien.errors", "training.model_source", "training.model_download", "training.s3_uri", *AWS),
        "training.quotas",
    },
    "training.detector": set(),
    "training.description": set(),
    "training.distillation": {"training.data", "training.evaluation"},
    "training.quantization": set(),
    "training.s3_uri": set(),
    "training.quotas": set(AWS),
    "training.model_source": {"training.model_archive", "training.model_download"},
    "training.model_download": {"training.model_archive", "training.s3_uri", *AWS},
    "training.model_archive": set(),
    "training.container": set(),
    "local": {"cli", "training.model_source", "training.model_archive", *AWS},
    "operate": {"mien", "mien.logic", "mien.errors", "cli", *AWS},
    "deployment": {
        *("cli", "local", "mien.logic", "operate", "training.commands", "training.hosting", "training.s3_uri", *AWS)
    },
}
# The modules of a folder of `training` that are its command line: they have options, or they print.
COMMAND_LINE = {
    *(
        "bars",
        "commands",
        "csv_input",
        "source_input",
        "deploy",
        "display",
        "launch",
        "launch_command",
        "launch_local",
        "prepare",
        "seeds",
    )
}
PARTS = {"mien", "training", "local", "operate", "deployment", "tests", "cli", *AWS}


def modules(package: str) -> list[Path]:
    return sorted((PACKAGES[package][0] / package).rglob("*.py"))


def imports(path: Path) -> Iterator[str]:
    """The modules that a file imports, also inside functions; `from mien.logic import images` is mien.logic.images."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def part_of(module: str) -> str:
    """A module, or a name in one → the part of the project that it belongs to."""
    names = module.split(".")
    if names[0] == "training" and COMMAND_LINE.intersection(names[2:3]):
        return "training.commands"
    return next((part for part in (".".join(names[:2]), names[0]) if part in ARROWS), names[0])


def name_of(package: str, path: Path) -> str:
    return ".".join(path.relative_to(PACKAGES[package][0]).with_suffix("").parts)


@pytest.mark.parametrize("package", PACKAGES)
def test_every_module_is_named_on_the_page(package: str) -> None:
    parent, heading = PACKAGES[package]
    [section] = re.findall(rf"^### `{heading}`.*?(?=^##|\Z)", PAGE, re.MULTILINE | re.DOTALL)
    named = set(re.findall(r"^\| `([\w/]+\.py)` \|", section, re.MULTILINE))
    present = {
        path.relative_to(parent / package).as_posix()
        for path in modules(package)
        if path.name not in ("__init__.py", "__main__.py")
    }
    assert present <= named, "add a line per new module to docs/architecture.md"
    if sum(heading == other for _, other in PACKAGES.values()) == 1:
        assert named <= present, "remove the lines of modules that no longer exist from docs/architecture.md"


@pytest.mark.parametrize("package", PACKAGES)
def test_imports_go_in_the_directions_that_the_page_states(package: str) -> None:
    for path in modules(package):
        part = part_of(name_of(package, path))
        imported = {part_of(name) for name in imports(path) if name.partition(".")[0] in PARTS}
        assert imported - {part} <= ARROWS[part], path.relative_to(ROOT)


def test_no_arrow_leads_back() -> None:
    """No part imports a part that, over any number of steps, imports it."""
    for start in ARROWS:
        reached: set[str] = set()
        waiting = set(ARROWS[start]) - {start}
        while waiting:
            part = waiting.pop()
            reached.add(part)
            waiting |= ARROWS.get(part, set()) - reached
        assert start not in reached
