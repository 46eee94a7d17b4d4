"""The functions' package is small, because Lambda loads it at every cold start. The layer has the detector."""

import os
import subprocess
import sys
import threading
import zipfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from local import package
from local.package import LAYER_FOLDER, build_layer, build_package
from local.paths import DETECTOR
from mien.settings import find_detector

# Packages that are installed here, and that a handler must not import. Neither the package nor the layer has the first
# ones. Functions that take images whole start faster without the detector's packages, and the page without all others.
MISSING = {"pandas", "torch", "samtranslator", "ministack", "training", "local"}
DETECTION = {"numpy", "onnxruntime"}
UNUSED = {"PIL", "aws_lambda_powertools", "boto3", "botocore"}
# Each handler with a value of FACES, and what it must not import then.
FOREIGN = [
    ("mien.handlers.inbox", "find", MISSING),
    ("mien.handlers.inbox", "whole", MISSING | DETECTION),
    ("mien.handlers.api", "find", MISSING),
    ("mien.handlers.api", "whole", MISSING | DETECTION),
    ("mien.handlers.page", "find", MISSING | DETECTION | UNUSED),
]


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return unpack(build_package(), tmp_path_factory.mktemp("package"))


def unpack(archive: Path, folder: Path) -> Path:
    with zipfile.ZipFile(archive) as zipped:
        zipped.extractall(folder)
    return folder


def test_the_package_has_less_than_30_megabytes(unpacked: Path) -> None:
    assert sum(p.stat().st_size for p in unpacked.rglob("*") if p.is_file()) < 30_000_000


def test_it_has_nothing_that_the_layer_or_the_runtime_has(unpacked: Path) -> None:
    assert not {"numpy", "onnxruntime", "pandas", "boto3", "botocore", "pydantic"} & {
        p.name for p in unpacked.iterdir()
    }


def test_the_layer_has_the_detector_where_the_functions_find_it(tmp_path: Path) -> None:
    layer = unpack(build_layer(), tmp_path) / LAYER_FOLDER
    assert find_detector(path=[str(layer)]).read_bytes() == (DETECTOR / "detector.onnx").read_bytes()


def test_the_layer_installs_nothing_because_the_environment_has_its_packages(tmp_path: Path) -> None:
    unpack(build_layer(), tmp_path)
    assert {p.name for p in (tmp_path / LAYER_FOLDER).iterdir()} == {p.name for p in DETECTOR.iterdir()}


@pytest.mark.parametrize("build", [build_package, build_layer])
def test_nothing_is_built_again_without_a_change(build: Callable[[], Path]) -> None:
    first = build()
    built = first.stat().st_mtime_ns
    assert (build(), first.stat().st_mtime_ns) == (first, built)


def test_another_detector_makes_another_layer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(package, "BUILD", tmp_path / "build")
    monkeypatch.setattr(package, "DETECTOR", tmp_path / "detector")
    (tmp_path / "detector").mkdir()
    contents = []
    for model in (b"one", b"another"):
        (tmp_path / "detector" / "detector.onnx").write_bytes(model)
        contents.append(zipfile.ZipFile(build_layer()).read(f"{LAYER_FOLDER}/detector.onnx"))
    assert contents == [b"one", b"another"]
    assert len(list((tmp_path / "build").iterdir())) == 1


@pytest.mark.parametrize(("module", "faces", "foreign"), FOREIGN)
def test_a_handler_imports_only_what_its_function_needs(
    module: str, faces: str, foreign: set[str], unpacked: Path, tmp_path: Path
) -> None:
    program = f"""
import sys
import threading
sys.path[:0] = [{str(unpacked)!r}, {str(DETECTOR)!r}]
import {module}
print(*sorted(name for name in sys.modules if name in {foreign}))
print(*(sys.modules[name].__file__ for name in ({module!r}, "PIL") if name in sys.modules))
"""
    result = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "FACES": faces},
        cwd=tmp_path,
        check=True,
        capture_output=True,
        text=True,
    )
    imported, files = result.stdout.splitlines()
    assert imported == ""
    assert all(file.startswith(str(unpacked)) for file in files.split())


def test_two_first_runs_at_once_both_get_a_whole_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def install(folder: Path) -> None:
        folder.mkdir()
        (folder / "dependency.py").touch()
        both.wait(10)

    both = threading.Barrier(2)
    monkeypatch.setattr(package, "BUILD", tmp_path / "build")
    monkeypatch.setattr(package, "install_requirements", install)
    with ThreadPoolExecutor(2) as pool:
        first, second = pool.map(lambda _: build_package(), range(2))
    assert first == second
    assert list((tmp_path / "build").iterdir()) == [first]
    with zipfile.ZipFile(first) as archive:
        assert archive.testzip() is None
        assert {"dependency.py", "mien/handlers/inbox.py"} <= set(archive.namelist())
