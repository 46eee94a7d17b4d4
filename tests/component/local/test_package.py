"""The functions' package is our code alone, the layer has the detector, and handlers import no more than they need."""

import io
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from local.package import LAYER_FOLDER, zip_folder, zip_functions, zip_layer
from local.paths import DETECTOR, FUNCTIONS, LAYER
from mien.settings import find_detector

# Packages that are installed here, and that a handler must not import. Neither the functions' package nor the layer has
# the first ones. Functions that take images whole start faster without the detector's packages.
MISSING = {"pandas", "torch", "samtranslator", "ministack", "training", "local"}
DETECTION = {"numpy", "onnxruntime"}
# Each handler with a value of FACES, and what it must not import then.
FOREIGN = [
    ("mien.handlers.inbox", "find", MISSING),
    ("mien.handlers.inbox", "whole", MISSING | DETECTION),
    ("mien.handlers.api", "find", MISSING),
    ("mien.handlers.api", "whole", MISSING | DETECTION),
]


def names_in(archive: bytes) -> set[str]:
    return set(zipfile.ZipFile(io.BytesIO(archive)).namelist())


def test_the_functions_package_is_our_code_alone() -> None:
    names = names_in(zip_functions())
    assert {"mien/handlers/inbox.py", "mien/handlers/page.py", "mien/static/index.html"} <= names
    assert {name.partition("/")[0] for name in names} == {"mien"}


def test_the_layer_has_the_detector_where_the_functions_find_it(tmp_path: Path) -> None:
    zipfile.ZipFile(io.BytesIO(zip_layer())).extractall(tmp_path)
    assert find_detector(path=[str(tmp_path / LAYER_FOLDER)]).read_bytes() == DETECTOR.read_bytes()


def test_the_layer_has_no_packages_because_the_environment_has_them() -> None:
    assert names_in(zip_layer()) == {f"{LAYER_FOLDER}/{path.name}" for path in LAYER.iterdir()}


def test_compiled_modules_are_left_out_because_they_differ_between_pythons(tmp_path: Path) -> None:
    for name in ("module.py", "__pycache__/module.cpython-313.pyc"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    assert names_in(zip_folder(tmp_path)) == {"module.py"}


@pytest.mark.parametrize(("module", "faces", "foreign"), FOREIGN)
def test_a_handler_imports_only_what_its_function_needs(
    module: str, faces: str, foreign: set[str], tmp_path: Path
) -> None:
    program = f"""
import sys
sys.path[:0] = [{str(FUNCTIONS)!r}, {str(LAYER)!r}]
import {module}
print(*sorted(name for name in sys.modules if name in {foreign}))
"""
    result = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "FACES": faces},
        cwd=tmp_path,
        check=True,
        capture_output=True,
        text=True,
    )
    assert result.stdout.strip() == ""


def test_the_page_needs_nothing_but_our_code_and_the_standard_library() -> None:
    program = f"import sys; sys.path.append({str(FUNCTIONS)!r}); from mien.handlers.page import handler"
    subprocess.run([sys.executable, "-I", "-S", "-c", program], env=os.environ, check=True)
