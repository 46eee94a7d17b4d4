"""One word finds a model: a folder, a job, an archive or a file. What is missing is one sentence with the way out."""

import io
import json
import tarfile
from pathlib import Path
from typing import Any

import pytest

from training import model_archive
from training.model_archive import NoModel, unpack_archive
from training.model_source import find_model


def write_model(folder: Path, network: str = "model.onnx", **more: Any) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / network).write_bytes(b"network")
    (folder / "model.json").write_text(json.dumps({"labels": ["cat", "dog"], **more}))
    return folder


def pack(folder: Path, archive: Path, *names: str) -> Path:
    """Packs files of a folder, or all of them, as SageMaker does: they are at the top."""
    archive.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(archive, "w:gz") as file:
        for path in sorted(folder.rglob("*")):
            if path.is_file() and (not names or path.name in names):
                file.add(path, path.relative_to(folder))
    return archive


def found(source: Path | str, jobs: Path = Path("no-jobs")) -> set[str]:
    """The names of the files in the folder that is found."""
    with find_model(source, jobs) as folder:
        return {path.name for path in folder.iterdir()}


def reason(source: Path | str, jobs: Path = Path("no-jobs")) -> str:
    """The sentence about a word that names no complete model."""
    with pytest.raises(NoModel) as error, find_model(source, jobs):
        pass
    return str(error.value)


def test_a_folder_with_a_description_is_a_model(tmp_path: Path) -> None:
    model = write_model(tmp_path / "model")
    with find_model(model) as folder:
        assert folder == model


def test_each_network_of_a_folder_is_found_by_the_name_in_its_description(tmp_path: Path) -> None:
    model = write_model(tmp_path / "m", "net.pt", file="net.pt")
    with find_model(model / "net.pt") as folder:
        assert folder == model
    (model / "other.onnx").write_bytes(b"")
    assert "model.json describes net.pt, not other.onnx" in reason(model / "other.onnx")


def test_a_job_is_found_by_its_folder_and_by_its_bare_name(tmp_path: Path) -> None:
    model = write_model(tmp_path / "jobs" / "mien-1" / "model")
    for source in (tmp_path / "jobs" / "mien-1", "mien-1", tmp_path / "jobs" / "mien-1" / "model"):
        with find_model(source, tmp_path / "jobs") as folder:
            assert folder == model


def test_a_job_of_which_only_the_archive_was_kept_is_found(tmp_path: Path) -> None:
    pack(write_model(tmp_path / "m"), tmp_path / "job" / "output" / "model.tar.gz")
    assert found(tmp_path / "job") == {"model.onnx", "model.json"}


def test_a_job_that_has_not_written_a_model_yet_says_so(tmp_path: Path) -> None:
    for folder in ("model", "output", "checkpoints"):
        (tmp_path / "job" / folder).mkdir(parents=True)
    text = reason("job", tmp_path)
    assert "job has not written a model yet" in text
    assert "log.txt" in text


def test_an_archive_is_unpacked_and_deleted_when_the_block_ends(tmp_path: Path) -> None:
    archive = pack(write_model(tmp_path / "m"), tmp_path / "model.tar.gz")
    with find_model(archive) as folder:
        assert (folder / "model.onnx").read_bytes() == b"network"
    assert not folder.exists()


def test_an_archive_without_a_description_names_what_it_has_and_the_command(tmp_path: Path) -> None:
    archive = pack(write_model(tmp_path / "m"), tmp_path / "model.tar.gz", "model.onnx")
    text = reason(archive)
    assert "has no model.json, only model.onnx" in text
    assert "python -m training describe" in text


def test_an_archive_with_its_model_in_a_folder_says_how_to_pack_it(tmp_path: Path) -> None:
    write_model(tmp_path / "parent" / "exported")
    text = reason(pack(tmp_path / "parent", tmp_path / "model.tar.gz"))
    assert "in the folder exported" in text
    assert "tar -C exported" in text


def test_an_archive_that_is_cut_off_or_is_no_archive_is_named(tmp_path: Path) -> None:
    archive = pack(write_model(tmp_path / "m"), tmp_path / "model.tar.gz")
    for size in (2, 30, archive.stat().st_size - 40):
        cut = tmp_path / "cut.tar.gz"
        cut.write_bytes(archive.read_bytes()[:size])
        assert "is damaged or cut off" in reason(cut)
    for content in (b"", b"some notes"):
        (tmp_path / "notes.txt").write_bytes(content)
        assert "notes.txt is neither a folder with a model nor a model.tar.gz" in reason(tmp_path / "notes.txt")


def test_an_archive_stores_nothing_outside_its_folder(tmp_path: Path) -> None:
    link = tarfile.TarInfo("link")
    link.type, link.linkname = tarfile.SYMTYPE, "/etc"
    for member in (tarfile.TarInfo("../outside"), link):
        with tarfile.open(tmp_path / "model.tar.gz", "w:gz") as file:
            file.addfile(member, io.BytesIO())
        assert "is refused" in reason(tmp_path / "model.tar.gz")
    assert not (tmp_path / "outside").exists()


def test_an_archive_that_unpacks_to_too_much_is_refused_before_it_fills_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "m").mkdir()
    (tmp_path / "m" / "zeros").write_bytes(bytes(1_000_000))
    archive = pack(tmp_path / "m", tmp_path / "model.tar.gz")
    with pytest.raises(NoModel, match="is not a model"):
        unpack_archive(archive, tmp_path / "unpacked", "model.tar.gz", max_bytes=999_999)
    assert not list((tmp_path / "unpacked").iterdir())
    monkeypatch.setattr(model_archive, "MAX_FILES", 1)
    assert "more than 1 files" in reason(pack(write_model(tmp_path / "m"), archive))


def test_a_network_without_a_description_names_the_command_that_writes_one(tmp_path: Path) -> None:
    (tmp_path / "net.onnx").write_bytes(b"")
    for source in (tmp_path, tmp_path / "net.onnx"):
        text = reason(source)
        assert "net.onnx has no model.json beside it" in text
        assert f"python -m training describe {tmp_path / 'net.onnx'}" in text


def test_a_folder_without_any_model_says_what_to_give(tmp_path: Path) -> None:
    assert f"{tmp_path} has no model.json" in reason(tmp_path)
    assert "blank" in reason(" ")


def test_a_name_that_no_file_can_have_is_one_sentence() -> None:
    assert "cannot be read" in reason("a" * 5000 + "/b")


def test_a_description_without_its_network_or_with_another_folders_is_refused(tmp_path: Path) -> None:
    model = write_model(tmp_path / "m", file="absent.onnx")
    assert "has no absent.onnx, which its model.json describes" in reason(model)
    for name in ("../m/model.onnx", "model.pkl", 5, ""):
        assert '"file"' in reason(write_model(tmp_path / "m", file=name))


@pytest.mark.parametrize("content", [b"{", b"[]", b"\xff"])
def test_a_description_that_is_not_a_json_object_is_named(tmp_path: Path, content: bytes) -> None:
    (write_model(tmp_path / "m") / "model.json").write_bytes(content)
    assert "model.json is not" in reason(tmp_path / "m")


def test_nothing_there_lists_what_was_tried(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "absent"))
    text = reason("absent-job", tmp_path)
    assert text == (
        f"there is no file or folder absent-job, and no job {tmp_path}/absent-job; SageMaker was not asked for a "
        "training job absent-job, because AWS_REGION is not set"
    )
    assert reason("folder/absent", tmp_path) == "there is no file or folder folder/absent"
    assert "cannot have this name" in reason("no job_at all", tmp_path)
