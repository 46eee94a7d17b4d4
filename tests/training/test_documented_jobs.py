"""The commands of docs/training.md for SageMaker run as they are written, with moto in the place of AWS."""

import re
import shlex
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tests.training.fake_aws import DATA_BUCKET, ROLE, FakeAws
from tests.training.hosting.archives import ALL_FILES, archive_bytes
from training.__main__ import app

PAGE = (Path(__file__).parents[2] / "docs/training.md").read_text()
PYTHON = ".venv-training/bin/python -m training "


def commands(heading: str) -> list[list[str]]:
    """Returns the words of each command in the block of code below a line of the page."""
    [block] = re.findall(rf"^{heading}\n\n```sh\n(.*?)```", PAGE, re.MULTILINE | re.DOTALL)
    return [shlex.split(line.removeprefix(PYTHON)) for line in block.splitlines()]


def test_the_page_uploads_trains_and_deploys(
    prepared_data: Path, aws: FakeAws, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload, launch, deploy = commands("On SageMaker:")
    assert [upload[0], launch[0], deploy[0]] == ["upload", "launch", "deploy"]
    (tmp_path / "build").mkdir()
    (tmp_path / "build/fer2013").symlink_to(prepared_data)
    monkeypatch.chdir(tmp_path)

    def run(words: list[str], **values: str) -> str:
        for name, value in {"BUCKET": DATA_BUCKET, "ROLE_ARN": ROLE, **values}.items():
            words = [word.replace(name, value) for word in words]
        result = CliRunner().invoke(app, words)
        assert result.exit_code == 0, f"{words}: {result.output} {result.exception!r}"
        return result.output

    assert "files sent to s3://" in run(upload)
    printed = run(launch)
    [job] = re.findall(r"started (\S+)", printed)
    assert "Completed after" in printed
    request = aws.parameters("CreateTrainingJob")
    assert request["TrainingJobName"] == job
    # moto trains nothing, so the job has no model.
    aws.client("s3").put_object(
        Bucket=DATA_BUCKET, Key=f"jobs/{job}/output/model.tar.gz", Body=archive_bytes(*ALL_FILES)
    )
    assert "create_endpoint" in run([*deploy, "--dry-run"], JOB=job)
