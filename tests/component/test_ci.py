"""`.ci/run` runs all parts, fails if one fails, and ends with the sum of what the test runners counted."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from local.paths import ROOT

# Replaces make: prints what pytest would, and fails for the targets in FAILING.
MAKE = """#!/bin/sh
case $1 in
  check) echo "All checks passed!" ;;
  test) echo "1400 passed, 2 skipped in 200.00s (0:03:20)" ;;
  test-*) echo "5 passed in 1.00s" ;;
esac
for target in $FAILING; do [ "$1" != "$target" ] || exit 2; done
"""
PARTS = {"check", "test", "test-browser", "test-faults", "test-sam", "test-contract", "test-training"}


def run_ci(folder: Path, failing: str = "") -> tuple[int, list[str]]:
    """Runs a copy of `.ci/run`: its exit status, and the lines of its output."""
    (folder / ".ci").mkdir()
    shutil.copy(ROOT / ".ci" / "run", folder / ".ci" / "run")
    make = folder / "bin" / "make"
    make.parent.mkdir()
    make.write_text(MAKE)
    make.chmod(0o755)
    environment = {**os.environ, "PATH": f"{make.parent}:{os.environ['PATH']}", "FAILING": failing}
    ended = subprocess.run(
        [str(folder / ".ci" / "run")],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return ended.returncode, ended.stdout.splitlines()


def durations(lines: list[str]) -> set[str]:
    """The parts for which the output says how long they took."""
    return {match[1] for line in lines if (match := re.fullmatch(r"([a-z-]+) +\d+ s(, failed)?", line))}


def test_it_says_what_each_part_cost_and_adds_up_the_tests(tmp_path: Path) -> None:
    status, lines = run_ci(tmp_path)
    assert status == 0
    assert durations(lines) == PARTS
    assert re.fullmatch(r"1425 passed, 2 skipped in \d+\.\d\ds", lines[-1])


@pytest.mark.parametrize("part", sorted(PARTS))
def test_it_fails_if_a_part_fails(part: str, tmp_path: Path) -> None:
    status, lines = run_ci(tmp_path, failing=part)
    assert status == 2
    assert [line for line in lines if re.fullmatch(rf"{part} +\d+ s, failed", line)]


def test_a_failure_of_the_linters_ends_the_run(tmp_path: Path) -> None:
    _, lines = run_ci(tmp_path, failing="check")
    assert durations(lines) == {"check"}
    assert lines[-1].startswith("no tests ran in ")


def test_it_leaves_out_the_sam_cli_without_the_runtimes_python(tmp_path: Path) -> None:
    status, lines = run_ci(tmp_path, failing=".venv-runtime/bin/python")
    assert status == 0
    assert durations(lines) == PARTS - {"test-sam"}
    assert "test-sam is left out: it needs python3.13" in lines


def test_every_folder_of_tests_is_run() -> None:
    folders = {path.name for path in (ROOT / "tests").iterdir() if any(path.rglob("test_*.py"))}
    makefile = (ROOT / "Makefile").read_text()
    assert {"unit", "component", "integration"} <= folders
    for folder in folders - {"unit", "component", "integration"}:
        [target] = re.findall(rf"^([\w-]+):[^\n]*\n[^\n]*-m pytest[^\n]* tests/{folder}$", makefile, re.MULTILINE)
        assert target in PARTS
