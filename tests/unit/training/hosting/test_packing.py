"""The model of this repository, packed for an endpoint."""

from pathlib import Path

from local.paths import MODEL
from training.hosting.artifact import list_files
from training.hosting.container import validate_files
from training.hosting.packing import check_model, pack_model


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
