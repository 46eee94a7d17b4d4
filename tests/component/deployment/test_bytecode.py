"""Errors of compiling the functions. What is compiled is tested with a build, in e2e/test_build.py."""

from pathlib import Path

import pytest

from deployment.bytecode import check_version, compile_modules, imported_modules
from deployment.errors import DeploymentError


def test_a_folder_without_a_build_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DeploymentError, match=r"has no template\.yaml: run `sam build` first"):
        compile_modules(tmp_path)


def test_a_python_whose_compiled_modules_the_functions_would_ignore_is_refused() -> None:
    with pytest.raises(
        DeploymentError, match=r"run on python2\.7 and this is python3.*: use \.venv-runtime/bin/python"
    ):
        check_version("python2.7")


def test_a_handler_that_can_not_be_imported_is_named_with_its_error() -> None:
    with pytest.raises(
        DeploymentError, match=r"mien\.handlers\.nothing can't be imported: ModuleNotFoundError: No module"
    ):
        imported_modules("mien.handlers.nothing")


def test_the_modules_of_a_handler_are_those_that_it_imports_in_the_end() -> None:
    modules = imported_modules("mien.handlers.inbox")
    assert {"mien.handlers.inbox", "mien.logic.images", "numpy", "onnxruntime", "PIL.JpegImagePlugin"} <= modules
    assert "mien.handlers.api" not in modules
