"""Every command that a Markdown file shows: its target, its options and its files exist."""

import re
import shlex
import tomllib
from collections.abc import Callable, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import boto3
import pytest
import typer
from botocore import xform_name

from benchmarks import __main__ as benchmarks
from deployment import __main__ as deployment
from local import __main__ as local
from local import template
from local.paths import ROOT
from operate import __main__ as operate
from tests.faults import __main__ as faults
from tests.support import documents
from training import __main__ as training

# The changelog names what earlier versions had.
PAGES = [documents.name_of(page) for page in documents.pages() if page.name != "CHANGELOG.md"]
COMMANDS = [(page, command) for page in PAGES for command in documents.commands(page)]
MAKEFILE = (ROOT / "Makefile").read_text()
TARGETS = {name for rule in re.findall(r"^([^\s#:=][^#:=]*):(?!=)", MAKEFILE, re.MULTILINE) for name in rule.split()}
APPLICATIONS = {
    "benchmarks": benchmarks.app,
    "deployment": deployment.app,
    "local": local.app,
    "operate": operate.app,
    "tests.faults": faults.app,
    "training": training.app,
}
# What stands for a value of the reader's own.
PLACEHOLDER = re.compile(r"[A-Z_]+|…")
FOLDERS = "functions|training|local|operate|tests|events|samples|docs|models|benchmarks|requirements"


def check_make(words: Sequence[str]) -> None:
    for word in words:
        name, equals, _ = word.partition("=")
        if equals:
            assert f"$({name})" in MAKEFILE, f"the Makefile has no variable {name}"
        else:
            assert any(fnmatchcase(name, target.replace("%", "*")) for target in TARGETS), f"there is no target {name}"


def check_python(words: Sequence[str]) -> None:
    if words[0] == "-m":
        if words[1] != "pytest":
            check_application(words[1], words[2:])
        return
    script, *options = words
    assert (ROOT / script).is_file(), script
    # A script's options are in its own file, or in arguments.py beside it.
    files = ((ROOT / script), (ROOT / script).with_name("arguments.py"))
    source = "".join(file.read_text() for file in files if file.exists())
    for option in options:
        if option.startswith("--"):
            assert f'"{option}"' in source, f"{script} has no option {option}"


def check_application(module: str, words: Sequence[str]) -> None:
    if not words:
        return
    group: Any = typer.main.get_command(APPLICATIONS[module])
    name, *arguments = words
    if PLACEHOLDER.fullmatch(name):
        return
    command = group.commands.get(name)
    assert command, f"{module} has no command {name}: {', '.join(group.commands)}"
    options = {o for parameter in command.params for o in (*parameter.opts, *parameter.secondary_opts)} | {"--help"}
    for argument in arguments:
        if argument.startswith("--"):
            assert argument.partition("=")[0] in options, f"{module} {name} has no option {argument}"


def check_sam(words: Sequence[str]) -> None:
    configured = tomllib.loads((ROOT / "samconfig.toml").read_text())["default"]
    name, *rest = words
    if name == "delete":
        # It only needs the stack's name.
        assert configured["global"]["parameters"]["stack_name"]
        return
    if name == "local":
        name = f"local_{rest.pop(0).replace('-', '_')}"
    assert "parameters" in configured.get(name, {}), f"samconfig.toml configures no sam {name}"
    written = template.load_template()
    for word in rest:
        if word.startswith("events/"):
            assert (ROOT / word).is_file(), word
        elif "=" in word and not word.startswith("-"):
            assert word.partition("=")[0] in written["Parameters"], word
        elif word.endswith("Function"):
            assert word in written["Resources"], word


def check_aws(words: Sequence[str]) -> None:
    if list(words) == ["configure"]:
        return
    service, operation, *options = words
    if service == "s3":
        assert operation in ("cp", "ls", "rm", "sync")
        return
    # The AWS CLI has S3's own operations under this name, because s3 is its commands for files.
    model = boto3.client(service.replace("s3api", "s3"), region_name="us-east-1").meta.service_model
    names = {xform_name(name, "-"): name for name in model.operation_names}
    shape = model.operation_model(names[operation]).input_shape
    assert shape is not None
    known = {f"--{xform_name(name, '-')}" for name in shape.members} | {"--query", "--output", "--region"}
    assert {option for option in options if option.startswith("--")} <= known


def check_files(words: Sequence[str]) -> None:
    for word in words:
        if re.match(rf"({FOLDERS})/", word):
            assert (ROOT / word).exists(), word


CHECKS: dict[str, Callable[[Sequence[str]], None]] = {
    "make": check_make,
    "python": check_python,
    "sam": check_sam,
    "aws": check_aws,
    "cp": check_files,
    "mkdir": check_files,
    "sed": check_files,
    "tar": check_files,
}


@pytest.mark.parametrize(("page", "command"), COMMANDS, ids=[f"{page}: {shlex.join(c)}" for page, c in COMMANDS])
def test_what_a_command_names_exists(page: str, command: list[str]) -> None:
    program, *words = command
    CHECKS[Path(program).name](words)


@pytest.mark.parametrize(
    "line",
    [
        "make no-such-target",
        "make up NO_VARIABLE=1",
        "python -m training no-such-command",
        "python -m training launch resnet --no-such-option",
        "python training/container/train.py --no-such-option",
        "python no/such/script.py",
        "sam no-such-command",
        "sam local invoke NoFunction",
        "sam local invoke ApiFunction --event events/none.json",
        "sam deploy --parameter-overrides NoParameter=1",
        "aws apigateway get-api-key --no-such-option 1",
        "cp models/none build",
    ],
)
def test_a_wrong_command_is_seen(line: str) -> None:
    program, *words = shlex.split(line)
    with pytest.raises(AssertionError):
        CHECKS[program](words)


def test_each_line_of_a_command_block_is_checked() -> None:
    for page in PAGES:
        for block in documents.blocks(page):
            for line in documents.joined(block.text) if block.language == "sh" else []:
                typed = line.partition("#")[0].strip()
                assert not typed or documents.looks_typed(typed) or typed in ("make",), f"{page}: {line}"


@pytest.mark.parametrize("page", PAGES)
def test_the_files_that_a_page_names_exist(page: str) -> None:
    """Names of files of the repository, in inline code."""
    for name in re.findall(r"`([^`\s]+)`", documents.prose(page)):
        placeholders = [part for part in re.split(r"[/.]", name) if PLACEHOLDER.fullmatch(part)]
        if re.match(rf"({FOLDERS})/[\w./-]+$", name) and not placeholders:
            assert (ROOT / name).exists(), name
