"""`make audit` looks up every pinned version in a database of known vulnerabilities."""

import os
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

from local.paths import ROOT

PINNED = [path for folder in ("requirements", "layer", "training/container") for path in (ROOT / folder).glob("*.txt")]

# Replaces pip-audit. VULNERABLE lists the versions with a vulnerability. Like pip-audit, it accepts only one version of
# a package. It writes the versions that it looks up to the file LOOKED_UP.
PIP_AUDIT = """#!/bin/sh
while [ "$1" != --requirement ]; do shift; done
cat "$2" >> "$LOOKED_UP"
[ -z "$(cut -d = -f 1 "$2" | sort | uniq -d)" ] || { echo "one package twice"; exit 1; }
for version in $VULNERABLE; do
  if grep -qx "$version" "$2"; then echo "${version%%==*} ${version##*==} PYSEC-2021-1"; found=yes; fi
done
[ -z "$found" ]
"""
# The version by which audit.sh recognizes the database.
KNOWN = "urllib3==1.26.4"


@dataclass(frozen=True)
class Audit:
    """The result of `make audit`."""

    status: int
    output: str
    errors: str
    looked_up: set[str]


def audit(folder: Path, *versions: str, vulnerable: str) -> Audit:
    """Runs audit.sh with further versions, against a database in which some versions are vulnerable."""
    (folder / "pip-audit").write_text(PIP_AUDIT)
    (folder / "pip-audit").chmod(0o755)
    looked_up = folder / "looked-up"
    environment = {
        "PATH": f"{folder}:{os.environ['PATH']}",
        "VULNERABLE": vulnerable,
        "LOOKED_UP": str(looked_up),
    }
    command = ["sh", str(ROOT / "requirements" / "audit.sh"), *versions]
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    return Audit(ended.returncode, ended.stdout, ended.stderr, set(looked_up.read_text().splitlines()))


def test_an_audit_looks_up_every_version_of_every_set_once(tmp_path: Path) -> None:
    result = audit(tmp_path, "torch==2.13.0+cpu", vulnerable=KNOWN)
    assert result.status == 0, result.errors
    versions = {
        match for path in PINNED for match in re.findall(r"^([\w.-]+==[\w.!]+)", path.read_text(), re.MULTILINE)
    }
    assert result.looked_up == versions | {"torch==2.13.0", KNOWN}


def test_an_audit_fails_if_a_version_has_a_vulnerability(tmp_path: Path) -> None:
    [pillow] = re.findall(r"^pillow==\S+", (ROOT / "layer/requirements.txt").read_text(), re.MULTILINE)
    result = audit(tmp_path, vulnerable=f"{KNOWN} {pillow}")
    assert result.status != 0
    assert f"{pillow.replace('==', ' ')} PYSEC" in result.output
    assert "have known vulnerabilities" in result.errors


def test_an_audit_fails_if_the_database_does_not_answer(tmp_path: Path) -> None:
    result = audit(tmp_path, vulnerable="")
    assert result.status != 0
    assert "Nothing was audited: OSV cannot be reached" in result.errors
    assert result.looked_up == {KNOWN}
