"""Requirements are exact versions with hashes, and no set contains the address of a package index."""

import re
from pathlib import Path

import pytest

from local.paths import ROOT

FOLDERS = ("requirements", "layer", "training/container")
PINNED = sorted(path for folder in FOLDERS for path in (ROOT / folder).glob("*.txt"))
# A set, and a set that is installed before it in the same environment.
ADDITIONS = [
    ("requirements/local.txt", "layer/requirements.txt"),
    ("requirements/dev.txt", "requirements/local.txt"),
    ("requirements/runtime.txt", "requirements/local.txt"),
    ("requirements/sagemaker.txt", "requirements/training.txt"),
    ("requirements/training-tests.txt", "requirements/sagemaker.txt"),
]
REQUIREMENT = re.compile(r"[A-Za-z0-9._-]+(\[[a-z0-9,._-]+\])?==[A-Za-z0-9.+!]+( ; [^#;]+?)?(?P<hashes>( --hash=\S+)*)")


def requirements(text: str) -> list[str]:
    """One line per requirement: pip joins a line that ends in a backslash with the next one."""
    lines = text.replace("\\\n", " ").splitlines()
    return [line for line in lines if not line.startswith("#") and line.strip()]


def unpinned(text: str) -> list[str]:
    """The requirements that are anything else than a version with hashes."""
    return [line for line in requirements(text) if not is_pinned(line)]


def is_pinned(line: str) -> bool:
    match = REQUIREMENT.fullmatch(" ".join(line.split()))
    hashes = match["hashes"].split() if match else []
    return bool(hashes) and all(re.fullmatch(r"--hash=sha256:[0-9a-f]{64}", value) for value in hashes)


@pytest.mark.parametrize("path", PINNED, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_line_of_a_set_is_a_version_with_hashes_and_no_address(path: Path) -> None:
    assert unpinned(path.read_text()) == []
    assert "==" in path.read_text()


def test_every_set_that_is_written_is_pinned() -> None:
    written = {path for folder in FOLDERS for path in (ROOT / folder).glob("*.in")}
    assert {path.with_suffix(".txt") for path in written} == set(PINNED)


@pytest.mark.parametrize(("addition", "base"), ADDITIONS)
def test_a_set_pins_nothing_that_a_set_before_it_pins(addition: str, base: str) -> None:
    before, after = (set(requirements((ROOT / name).read_text())) for name in (base, addition))
    assert before.isdisjoint(after)


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
def test_a_line_that_is_not_a_pinned_version_is_found(line: str) -> None:
    good = f"numpy==2.4.6 ; python_full_version < '3.12' \\\n    {HASH} \\\n    {HASH}\n"
    assert unpinned(good) == []
    assert unpinned(good + line + "\n") == [line]
