"""The deployment package is small, because Lambda loads it at every cold start."""

import os
import subprocess
import sys
import threading
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from local import package
from local.package import build_package

MODULES = ["mien.handlers.inbox", "mien.handlers.api"]
# Packages that a handler must not import, because the package does not have them.
FOREIGN = {"numpy", "pandas", "onnxruntime", "torch", "samtranslator", "ministack", "training", "local"}


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("package")
    with zipfile.ZipFile(build_package()) as archive:
        archive.extractall(folder)
    return folder


def test_the_package_has_less_than_30_megabytes(unpacked: Path) -> None:
    assert sum(p.stat().st_size for p in unpacked.rglob("*") if p.is_file()) < 30_000_000


def test_it_has_no_numpy_no_pandas_and_nothing_that_the_runtime_has(unpacked: Path) -> None:
    assert not {"numpy", "pandas", "boto3", "botocore", "pydantic"} & {p.name for p in unpacked.iterdir()}


def test_it_is_not_built_again_without_a_change() -> None:
    first = build_package()
    built = first.stat().st_mtime_ns
    assert (build_package(), first.stat().st_mtime_ns) == (first, built)


@pytest.mark.parametrize("module", MODULES)
def test_a_handler_imports_only_the_package_and_boto3(module: str, unpacked: Path, tmp_path: Path) -> None:
    program = f"""
import sys
import threading
sys.path.insert(0, {str(unpacked)!r})
import {module}
loaded = {{name.partition(".")[0] for name in sys.modules}}
print(*sorted(loaded & {FOREIGN}))
print({module}.__file__, sys.modules["PIL"].__file__)
"""
    result = subprocess.run(
        [sys.executable, "-c", program], env=dict(os.environ), cwd=tmp_path, check=True, capture_output=True, text=True
    )
    foreign, files = result.stdout.splitlines()
    assert foreign == ""
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
