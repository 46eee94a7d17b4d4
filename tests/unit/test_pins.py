"""What is installed: exactly what was pinned, and looked up in the database of known holes by `make audit`."""

import os
import re
import subprocess
from pathlib import Path

import pytest

from local.paths import ROOT

FOLDERS = ("requirements", "functions", "training/container")
PINNED = sorted(path for folder in FOLDERS for path in (ROOT / folder).glob("*.txt"))
REQUIREMENT = re.compile(r"[A-Za-z0-9._-]+(\[[a-z0-9,._-]+\])?==[A-Za-z0-9.+!]+( ; [^#;]+?)?(?P<hashes>( --hash=\S+)*)")


def faults(text: str) -> list[str]:
    """The lines of a set, as pip joins them, that are no version with hashes and nothing else."""
    lines = text.replace("\\\n", " ").splitlines()
    return [line for line in lines if not line.startswith("#") and line.strip() and not pinned(line)]


def pinned(line: str) -> bool:
    read = REQUIREMENT.fullmatch(" ".join(line.split()))
    hashes = read["hashes"].split() if read else []
    return bool(hashes) and all(re.fullmatch(r"--hash=sha256:[0-9a-f]{64}", one) for one in hashes)


@pytest.mark.parametrize("path", PINNED, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_line_of_a_set_is_a_version_with_hashes_and_no_address(path: Path) -> None:
    assert faults(path.read_text()) == []
    assert "==" in path.read_text()


def test_every_set_that_is_written_is_pinned() -> None:
    written = {path for folder in FOLDERS for path in (ROOT / folder).glob("*.in")}
    assert {path.with_suffix(".txt") for path in written} == set(PINNED)


HASH = "--hash=sha256:" + "0" * 64


@pytest.mark.parametrize(
    "line",
    [
        "pillow==13.0.0",
        f"pillow>=13 {HASH}",
        f"pillow {HASH}",
        "pillow==13.0.0 --hash=md5:00000000000000000000000000000000",
        f"pillow==13.0.0 {HASH[:-1]}",
        f"pillow @ https://example.org/pillow.whl {HASH}",
        *(f"--{which}-url wheels" for which in ("index", "extra-index")),
        "--find-links wheels",
        "-r other.txt",
        "-e .",
    ],
)
def test_a_line_that_is_anything_else_is_seen(line: str) -> None:
    good = f"numpy==2.4.6 ; python_full_version < '3.12' \\\n    {HASH} \\\n    {HASH}\n"
    assert faults(good) == []
    assert faults(good + line + "\n") == [line]


# Stands where pip-audit would: HOLES are the versions that its database knows something of. It takes one version of a
# package, as pip-audit does, and notes what it was asked for.
PIP_AUDIT = """#!/bin/sh
while [ "$1" != --requirement ]; do shift; done
cat "$2" >> "$ASKED"
[ -z "$(cut -d = -f 1 "$2" | sort | uniq -d)" ] || { echo "one package twice"; exit 1; }
for hole in $HOLES; do
  if grep -qx "$hole" "$2"; then echo "${hole%%==*} ${hole##*==} PYSEC-2021-1"; found=yes; fi
done
[ -z "$found" ]
"""


def audit(folder: Path, *more: str, holes: str) -> tuple[subprocess.CompletedProcess[str], set[str]]:
    """`make audit`, with a database of these holes: what it said, and which versions it looked up."""
    (folder / "pip-audit").write_text(PIP_AUDIT)
    (folder / "pip-audit").chmod(0o755)
    asked = folder / "asked"
    environment = {"PATH": f"{folder}:{os.environ['PATH']}", "HOLES": holes, "ASKED": str(asked)}
    command = ["sh", str(ROOT / "requirements" / "audit.sh"), *more]
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    return ended, set(asked.read_text().splitlines())


KNOWN = "urllib3==1.26.4"


def test_an_audit_looks_up_every_version_of_every_set_once(tmp_path: Path) -> None:
    ended, asked = audit(tmp_path, "torch==2.13.0+cpu", holes=KNOWN)
    assert ended.returncode == 0, ended.stderr
    versions = {
        match for path in PINNED for match in re.findall(r"^([\w.-]+==[\w.!]+)", path.read_text(), re.MULTILINE)
    }
    assert asked == versions | {"torch==2.13.0", KNOWN}


def test_an_audit_fails_where_a_version_has_a_hole(tmp_path: Path) -> None:
    [pillow] = re.findall(r"^pillow==\S+", (ROOT / "functions/requirements.txt").read_text(), re.MULTILINE)
    ended, _ = audit(tmp_path, holes=f"{KNOWN} {pillow}")
    assert ended.returncode
    assert f"{pillow.replace('==', ' ')} PYSEC" in ended.stdout
    assert "have known holes" in ended.stderr


def test_an_audit_fails_where_nobody_answers_for_the_database(tmp_path: Path) -> None:
    ended, asked = audit(tmp_path, holes="")
    assert ended.returncode
    assert "Nothing was audited: OSV can not be reached" in ended.stderr
    assert asked == {KNOWN}
