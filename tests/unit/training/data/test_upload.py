"""Which files of a folder are sent to S3."""

from pathlib import Path

from training.data.upload import files_by_key


def test_data_json_is_sent_and_the_files_of_an_unfinished_preparation_are_not(tmp_path: Path) -> None:
    for name in (
        "data.json",
        "train/data.json",
        "train/faces.npz",
        ".unfinished/train/faces.npz",
        ".replaced/data.json",
        ".teachers/answers.npy",
        "train/soft_labels.npz",
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name)
    assert sorted(files_by_key(tmp_path, "shapes/")) == [
        "shapes/data.json", "shapes/train/data.json", "shapes/train/faces.npz", "shapes/train/soft_labels.npz",
    ]  # fmt: skip
