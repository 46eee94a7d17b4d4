"""The model of this repository, packed for an endpoint."""

import ast
import sys
from pathlib import Path

from local.paths import MODEL
from training.hosting.artifact import list_files
from training.hosting.container import validate_files
from training.hosting.packing import CODE_FILES, CONTAINER_CODE, check_model, pack_model

# What the packed code imports besides itself and the standard library. SageMaker's container has PyTorch and NumPy.
PACKAGES = {"numpy", "onnxruntime", "PIL", "torch"}


def test_the_model_of_this_repository_can_be_deployed(tmp_path: Path) -> None:
    assert check_model(MODEL).input.size == 48
    archive = tmp_path / "model.tar.gz"
    pack_model(MODEL, archive)
    files = list_files(archive)
    validate_files("stock", files)
    validate_files("slim", files)


def test_the_same_model_is_packed_into_the_same_bytes(tmp_path: Path) -> None:
    first, second = tmp_path / "first.tar.gz", tmp_path / "second.tar.gz"
    pack_model(MODEL, first)
    pack_model(MODEL, second)
    assert first.read_bytes() == second.read_bytes()


def test_all_that_the_packed_code_imports_is_packed_or_installed() -> None:
    modules = [CONTAINER_CODE / name for name in CODE_FILES if name.endswith(".py")]
    nodes = [node for path in modules for node in ast.walk(ast.parse(path.read_text()))]
    imported = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    imported |= {str(node.module) for node in nodes if isinstance(node, ast.ImportFrom)}
    packages = {name.partition(".")[0] for name in imported}
    assert packages - sys.stdlib_module_names - {path.stem for path in modules} == PACKAGES
