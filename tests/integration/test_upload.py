"""`python -m training upload`: prepared data to S3, in the embedded cloud."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from local.cloud import Cloud
from local.paths import ROOT
from training.data import upload
from training.s3_uri import parse_s3_uri


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("train.lst", "train/a face.png", "train/deep/er.png", "empty"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name if name != "empty" else "")
    return tmp_path


@pytest.fixture
def place(cloud: Cloud, tmp_path: Path) -> str:
    cloud.client("s3").create_bucket(Bucket="training-data")
    return f"s3://training-data/{tmp_path.name}"


def run(folder: Path, to: str, cloud: Cloud) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, **cloud.credentials, "AWS_ENDPOINT_URL": cloud.url, "COLUMNS": "200"}
    command = [sys.executable, "-m", "training", "upload", str(folder), to]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120)


def stored(s3: Any, place: str) -> dict[str, bytes]:
    bucket, prefix = parse_s3_uri(place)
    listed = s3.list_objects_v2(Bucket=bucket, Prefix=prefix).get("Contents", [])
    return {o["Key"].removeprefix(prefix): s3.get_object(Bucket=bucket, Key=o["Key"])["Body"].read() for o in listed}


def test_a_second_run_sends_only_what_changed(folder: Path, place: str, cloud: Cloud) -> None:
    assert "4 files sent" in run(folder, place, cloud).stdout
    assert stored(cloud.client("s3"), place) == {
        p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()
    }
    assert "0 files sent" in run(folder, place, cloud).stdout
    (folder / "train.lst").write_text("changed!!")  # as long as before
    assert "1 files sent" in run(folder, place, cloud).stdout
    assert stored(cloud.client("s3"), place)["train.lst"] == b"changed!!"


def test_a_name_that_is_not_utf_8_is_named_and_the_other_files_are_sent(folder: Path, place: str, cloud: Cloud) -> None:
    Path(os.fsdecode(os.fsencode(folder) + b"/stra\xdfe.png")).touch()
    ended = run(folder, place, cloud)
    assert ended.returncode == 1
    assert "4 files sent" in ended.stdout
    assert f"not sent: {folder}/stra\\xdfe.png: its name is not UTF-8" in ended.stdout
    assert "Traceback" not in ended.stderr


def test_a_file_of_several_parts_is_recognized(folder: Path, place: str, cloud: Cloud) -> None:
    (folder / "train.rec").write_bytes(os.urandom(1024) * (2 * upload.PART_BYTES // 1024 + 5))
    assert "5 files sent" in run(folder, place, cloud).stdout
    assert "0 files sent" in run(folder, place, cloud).stdout


def test_the_next_run_sends_the_files_that_an_interrupted_run_has_not_sent(
    folder: Path, place: str, cloud: Cloud
) -> None:
    bucket, prefix = parse_s3_uri(place)
    s3 = cloud.client("s3")
    files = upload.files_by_key(folder, prefix)
    upload.send_files(dict(list(files.items())[:2]), bucket, s3, lambda count: None)
    assert "2 files sent" in run(folder, place, cloud).stdout


@pytest.mark.parametrize(
    ("to", "message"), [("s3://no-such-bucket/x", "s3://no-such-bucket"), ("bucket/x", "is not an S3 URI")]
)
def test_an_invalid_destination_is_one_clear_line(to: str, message: str, folder: Path, cloud: Cloud) -> None:
    result = run(folder, to, cloud)
    assert result.returncode == 1
    assert message in result.stderr
    assert len(result.stderr.splitlines()) == 1
