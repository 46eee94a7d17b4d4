"""`follow` shows a job of this machine, also one that another process runs."""

from pathlib import Path

import pytest

from tests.training.small_recipe import small_recipe
from training.jobs.commands import follow
from training.jobs.local_jobs import LocalJob, choose_job
from training.jobs.local_record import running, write_job

RECIPE = small_recipe(epochs=3)
LINES = [f"epoch={epoch}; train_loss=1.0; validation_accuracy=0.{epoch};\n" for epoch in (1, 2, 3)]


def start_job(root: Path) -> None:
    root.mkdir()
    (root / "log.txt").write_text(LINES[0])
    write_job(RECIPE, root, "InProgress", 0, root)


def test_a_job_that_runs_is_shown_until_it_has_ended(tmp_path: Path) -> None:
    root = tmp_path / "job"
    start_job(root)

    def wait(_: float) -> None:
        (root / "log.txt").write_text("".join(LINES))
        write_job(RECIPE, root, "Completed", 5, root)

    with running(root):
        looks = [(job.status, sorted(job.epochs)) for job in LocalJob(root, wait).follow("job", every=1)]
    assert looks == [("InProgress", [1]), ("Completed", [1, 2, 3])]


def test_a_job_that_was_killed_has_ended_for_those_who_follow_it(tmp_path: Path) -> None:
    start_job(tmp_path / "job")
    [job] = LocalJob(tmp_path / "job").follow("job", every=1)
    assert job.status == "Stopped"


def test_of_a_group_the_job_that_runs_is_followed(tmp_path: Path) -> None:
    folders = [tmp_path / name for name in ("a", "b", "c")]
    for folder in folders:
        start_job(folder)
    with running(folders[1]):
        assert choose_job(folders) == folders[1]
    assert choose_job(folders) == folders[2]


def test_the_command_finds_a_job_by_its_bare_name(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    start_job(tmp_path / "job")
    write_job(RECIPE, tmp_path, "Completed", 60, tmp_path / "job")
    follow("job", jobs=tmp_path)
    printed = capsys.readouterr().out
    assert "Completed after 1.0 minutes" in printed
    assert "0.1" in printed
