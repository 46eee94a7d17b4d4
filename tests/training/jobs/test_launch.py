"""What is checked before a job starts, and where a job on this machine is kept."""

import dataclasses
from pathlib import Path

import pytest

import soft_labels
from tests.training.fake_aws import DATA_BUCKET, FakeAws
from training.jobs.launch import require_data
from training.jobs.launch_local import new_folder
from training.jobs.local_job import require_channels
from training.jobs.prepared_data import FOLDERS
from training.jobs.recipe_file import load_recipe, override_recipe


def test_jobs_that_start_at_the_same_time_have_folders_of_their_own(tmp_path: Path) -> None:
    folders = [new_folder(tmp_path, "resnet") for _ in range(5)]
    assert len(set(folders)) == 5
    assert all(folder.is_dir() and folder.name.startswith("mien-resnet-2") for folder in folders)


def test_a_job_is_not_started_if_a_channel_has_nothing_to_read(aws: FakeAws) -> None:
    recipe = load_recipe("resnet")
    aws.client("s3").put_object(Bucket=DATA_BUCKET, Key="fer2013/train/faces.npz", Body=b"faces")
    expected = rf"s3://{DATA_BUCKET}/fer2013/validation/ is missing, which channel validation reads: send it with"
    with pytest.raises(ValueError, match=expected):
        require_data(recipe, f"s3://{DATA_BUCKET}/fer2013", aws.session)
    aws.client("s3").put_object(Bucket=DATA_BUCKET, Key="fer2013/validation/faces.npz", Body=b"faces")
    require_data(recipe, f"s3://{DATA_BUCKET}/fer2013/", aws.session)


def test_a_job_that_learns_soft_labels_is_not_started_without_them(aws: FakeAws, tmp_path: Path) -> None:
    recipe, alone = load_recipe("lean"), override_recipe(load_recipe("lean"), {"soft-labels": 0})
    s3 = aws.client("s3")
    for channel in ("train", "validation"):
        s3.put_object(Bucket=DATA_BUCKET, Key=f"fer2013/{channel}/faces.npz", Body=b"faces")
        (tmp_path / channel).mkdir()
    data = f"s3://{DATA_BUCKET}/fer2013"
    with pytest.raises(ValueError, match=rf"^{data}/train/soft_labels.npz is missing.*`python -m training upload`"):
        require_data(recipe, data, aws.session)
    with pytest.raises(ValueError, match=rf"^{tmp_path}/train/soft_labels.npz is missing, and the recipe learns soft"):
        require_channels(recipe, tmp_path)
    require_data(alone, data, aws.session)
    require_channels(alone, tmp_path)
    s3.put_object(Bucket=DATA_BUCKET, Key="fer2013/train/soft_labels.npz", Body=b"labels")
    (tmp_path / "train" / soft_labels.FILE).touch()
    require_data(recipe, data, aws.session)
    require_channels(recipe, tmp_path)


@pytest.mark.parametrize(
    ("path", "option"), [("train.rec", "--records"), ("train.lst", "--folders"), (f"{FOLDERS}_224/", "--folders")]
)
def test_a_channel_that_prepare_does_not_write_by_default_is_named_with_the_option_that_writes_it(
    path: str, option: str, aws: FakeAws, tmp_path: Path
) -> None:
    recipe = dataclasses.replace(load_recipe("resnet"), channels={"train": path})
    with pytest.raises(ValueError, match=f"{path} is missing.*validation 0.1` with {option}$"):
        require_data(recipe, f"s3://{DATA_BUCKET}/fer2013", aws.session)
    with pytest.raises(ValueError, match=f"{path.rstrip('/')} is missing.*prepare {option}`$"):
        require_channels(recipe, tmp_path)
