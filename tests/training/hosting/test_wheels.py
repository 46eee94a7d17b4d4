"""A packed model carries the packages that SageMaker's PyTorch container installs.

They come from the package index. Without one, the tests with the fixture `carrying` fail.
"""

import hashlib
import io
import re
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import get_args

import pytest

from tests.training.fake_aws import BUILT_IN_IMAGE, MODEL_BUCKET, ROLE, FakeAws
from tests.training.hosting.archives import ALL_FILES, archive_bytes, create_archive, write_model
from tests.training.hosting.deployments import IMAGE, command_error, create_artifact, run_command
from training.hosting.images import PYTORCH_IMAGES
from training.hosting.options import Architecture
from training.hosting.wheels import FOLDER, PYTHON_VERSION, REQUIREMENTS, carried_pins, download_wheels

OPTIONS = ("--role", ROLE, "--bucket", "s3://models")
PACKAGES = {"flatbuffers", "onnxruntime", "packaging", "pillow", "protobuf"}


@pytest.fixture(scope="module")
def carrying(tmp_path_factory: pytest.TempPathFactory) -> dict[Architecture, dict[str, Path]]:
    """The files that an artifact carries, for each architecture."""
    folder = tmp_path_factory.mktemp("wheels")
    return {
        architecture: download_wheels(folder / architecture, architecture) for architecture in get_args(Architecture)
    }


@pytest.mark.parametrize(("architecture", "machine"), [("x86_64", "x86_64"), ("arm64", "aarch64")])
def test_there_is_one_wheel_per_package_for_the_containers_python_and_processors(
    architecture: Architecture, machine: str, carrying: dict[Architecture, dict[str, Path]]
) -> None:
    wheels = [name.removeprefix(FOLDER) for name in carrying[architecture] if name.startswith(FOLDER)]
    assert sorted(name.partition("-")[0] for name in wheels) == sorted(PACKAGES)
    assert all(name.endswith((f"_{machine}.whl", "-none-any.whl")) for name in wheels)
    assert any(re.fullmatch(r"onnxruntime-[\d.]+-cp312-cp312-.*", name) for name in wheels)


def test_the_container_installs_the_wheels_of_the_artifact_without_an_index(
    carrying: dict[Architecture, dict[str, Path]], tmp_path: Path
) -> None:
    for name, path in carrying["x86_64"].items():
        target = tmp_path / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(path.read_bytes())
    # The container's Python and platform. NumPy is in the container, and not here.
    choice = ("--python-version", PYTHON_VERSION, "--platform", "manylinux_2_28_x86_64", "--only-binary=:all:")
    platforms = ("--platform", "manylinux2014_x86_64", "--no-deps", "--target", str(tmp_path / "installed"))
    command = [sys.executable, "-m", "pip", "install", "--quiet", *choice, *platforms]
    # The container's working directory is another one, and it has none of this machine's settings.
    result = subprocess.run(
        [*command, "-r", str(tmp_path / "code" / "requirements.txt")],
        cwd="/",
        env={"PATH": "", "PIP_CONFIG_FILE": "/dev/null", "PIP_DISABLE_PIP_VERSION_CHECK": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    assert (tmp_path / "installed" / "onnxruntime").is_dir()


def test_a_packed_model_carries_the_wheels_and_is_the_same_object_each_time(aws: FakeAws, tmp_path: Path) -> None:
    folder = write_model(tmp_path / "model")
    run_command(folder, *OPTIONS)
    uri = aws.parameters("CreateModel")["PrimaryContainer"]["ModelDataUrl"]
    stored = tmp_path / "stored.tar.gz"
    stored.write_bytes(aws.read(uri.removeprefix("s3://models/"), MODEL_BUCKET))
    with tarfile.open(stored) as archive:
        names = archive.getnames()
        requirements = archive.extractfile("code/requirements.txt")
        assert requirements
        text = requirements.read().decode()
        digests = [
            hashlib.sha256(content.read()).hexdigest()
            for name in names
            if name.startswith(FOLDER) and (content := archive.extractfile(name))
        ]
    assert set(ALL_FILES) < set(names)
    assert text.startswith("--no-index\n--find-links wheels\n")
    assert len(digests) == len(PACKAGES)
    assert all(f"--hash=sha256:{digest}" in text for digest in digests)
    aws.requests.clear()
    assert "as before" in run_command(folder, *OPTIONS)
    assert "PutObject" not in aws.operations


def test_without_a_package_index_the_error_names_the_option_that_needs_none(
    aws: FakeAws, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("PIP_FIND_LINKS", "PIP_EXTRA_INDEX_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    monkeypatch.setenv("PIP_RETRIES", "0")
    folder = write_model(tmp_path / "model")
    error = command_error(folder, *OPTIONS)
    assert error.startswith("the packages for the container can't be downloaded from the package index (")
    assert error.endswith("or give --no-wheels, and the container downloads them at every start")
    assert aws.changes == []
    run_command(folder, *OPTIONS, "--no-wheels")


def test_wheels_are_refused_where_they_cannot_be_packed_or_installed(aws: FakeAws, tmp_path: Path) -> None:
    create_artifact(aws, "faces-1")
    create_artifact(aws, "article-1", image=BUILT_IN_IMAGE)
    aws.requests.clear()
    error = command_error("faces-1", "--role", ROLE, "--wheels")
    assert error == "--wheels packs the model again: add --bucket s3://BUCKET/PREFIX, where it will be stored"
    assert "another one serves this model: leave it out" in command_error("article-1", *OPTIONS, "--wheels")
    assert "is on this machine: add --bucket" in command_error(
        create_archive(tmp_path, *ALL_FILES), "--role", ROLE, "--wheels"
    )
    folder = write_model(tmp_path / "model")
    assert "leave it out with --image and other containers" in command_error(
        folder, *OPTIONS, "--image", IMAGE, "--wheels"
    )
    assert aws.changes == []


def test_with_wheels_a_job_or_an_archive_is_packed_again(aws: FakeAws, tmp_path: Path) -> None:
    uri = create_artifact(aws, "faces-1")
    archive = create_archive(tmp_path, *ALL_FILES)
    job = aws.read(uri.removeprefix("s3://models/"), MODEL_BUCKET)
    for source in ("faces-1", archive):
        run_command(source, *OPTIONS, "--wheels")
        stored = aws.parameters("CreateModel")["PrimaryContainer"]["ModelDataUrl"]
        body = aws.read(stored.removeprefix("s3://models/"), MODEL_BUCKET)
        with tarfile.open(fileobj=io.BytesIO(body)) as packed:
            assert sum(name.startswith(FOLDER) for name in packed.getnames()) == len(PACKAGES)
    assert aws.read(uri.removeprefix("s3://models/"), MODEL_BUCKET) == job
    run_command("faces-1", *OPTIONS, "--wheels")
    assert "as before" in run_command(uri, *OPTIONS, "--wheels")


def test_an_artifact_with_wheels_for_other_processors_is_refused(aws: FakeAws) -> None:
    wheel = "onnxruntime-1.32.0-cp312-cp312-manylinux_2_28_x86_64.whl"
    body = archive_bytes(*ALL_FILES, f"{FOLDER}flatbuffers-25-py2.py3-none-any.whl", FOLDER + wheel)
    aws.client("s3").put_object(Bucket=MODEL_BUCKET, Key="m.tar.gz", Body=body)
    aws.requests.clear()
    arguments = ("s3://models/m.tar.gz", "--role", ROLE, "--dry-run")
    error = command_error(*arguments, "--instance-type", "ml.c7g.large")
    assert f"the artifact carries {wheel}, and the container is for arm64: add --wheels" in error
    assert "create_model" in run_command(*arguments)


def test_the_wheels_are_for_the_python_of_the_container() -> None:
    assert all(f"-py{PYTHON_VERSION.replace('.', '')}" in image for image in PYTORCH_IMAGES.values())


def test_no_carried_package_depends_on_the_python_that_downloads_it() -> None:
    # pip compares a marker after a semicolon with its own Python, also when it downloads for another one.
    pins = carried_pins(REQUIREMENTS.read_text())
    assert set(re.findall(r"^([a-z-]+)==", pins, re.MULTILINE)) == PACKAGES
    assert ";" not in pins
