"""Jobs are compared in tables and in a plot."""

import io
from collections.abc import Sequence
from pathlib import Path

import pytest
from PIL import Image
from rich.console import Console

from tests.training.fake_aws import FakeAws
from tests.training.log_lines import built_in_lines
from tests.training.small_recipe import small_recipe
from training.jobs.commands import find_jobs
from training.jobs.compare import comparison, plot_accuracy
from training.jobs.group import Group
from training.jobs.job import TrainingJob
from training.jobs.local_record import write_job
from training.jobs.status import TrainingJobs


def show(jobs: Sequence[TrainingJob], width: int = 80) -> str:
    console = Console(width=width, record=True, file=io.StringIO())
    for part in comparison(jobs, width):
        console.print(part)
    return console.export_text()


def job(number: int, **hyperparameters: str) -> TrainingJob:
    epochs = {
        epoch: {"train_accuracy": 0.2 * epoch, "validation_accuracy": 0.1 * epoch + 0.01 * number}
        for epoch in range(1, 4)
    }
    name = f"mien-a-recipe-with-a-rather-long-name-20260102030405-{number}"
    return TrainingJob(name, "Completed", {"epochs": "3", "seed": str(number), **hyperparameters}, epochs)


def test_jobs_side_by_side_show_how_they_differ_and_what_they_reached(aws: FakeAws, tmp_path: Path) -> None:
    for name, layers, lines in (
        ("short", "50", built_in_lines(0, 0.3, 0.4) + built_in_lines(1, 0.6, 0.5)),
        ("long", "152", built_in_lines(0, 0.5, 0.45)),
    ):
        aws.create_training_job(name, status="InProgress", hyperparameters={"epochs": "2", "num_layers": layers})
        aws.write_log(name, lines)
    jobs = [TrainingJobs(aws.session).describe(name) for name in ("short", "long")]
    rows = [line.split() for line in show(jobs).splitlines()]
    assert ["1", "short"] in rows
    assert ["2", "long"] in rows
    assert ["num_layers", "50", "152"] in rows
    assert ["in", "all", "jobs:", "epochs", "2"] in rows
    assert ["epochs", "2", "of", "2", "1", "of", "2"] in rows
    assert ["best", "epoch", "2", "1"] in rows
    assert ["validation", "accuracy", "0.5000", "0.4500"] in rows


def test_eight_jobs_are_shown_in_80_columns_and_nothing_is_cut() -> None:
    jobs = [job(number, augment="mirror,shift,rotation,scale,light,erasing"[: 6 * number]) for number in range(1, 9)]
    shown = show(jobs)
    assert max(len(line.rstrip()) for line in shown.splitlines()) <= 80
    for each in jobs:
        assert each.name in shown
    assert "…" not in shown
    seeds = [word for line in shown.splitlines() if line.startswith("seed ") for word in line.split()[1:]]
    assert seeds == [str(number) for number in range(1, 9)]
    accuracies = [
        word for line in shown.splitlines() if line.startswith("validation accuracy") for word in line.split()[2:]
    ]
    assert accuracies == [f"{0.3 + 0.01 * number:.4f}" for number in range(1, 9)]
    assert shown.count("epochs 3") == 1


def test_a_single_job_shows_all_its_hyperparameters() -> None:
    assert "hyperparameters: epochs 3, seed 1" in show([job(1)])


@pytest.mark.parametrize("count", [1, 8])
def test_the_plot_is_a_picture_with_room_for_the_names(count: int, tmp_path: Path) -> None:
    plot_accuracy([job(number) for number in range(1, count + 1)], tmp_path / "plots/accuracy.png")
    with Image.open(tmp_path / "plots/accuracy.png") as picture:
        assert picture.width == 960
        assert picture.height >= 600


def test_a_job_of_this_machine_is_found_by_its_name_its_folder_its_model_and_its_group(tmp_path: Path) -> None:
    recipe = small_recipe()
    group = Group(tmp_path / "group", recipe, tmp_path, 2)
    group.root.mkdir()
    group.write()
    for _, root in group.jobs():
        (root / "output").mkdir(parents=True)
        write_job(recipe, tmp_path, "Stopped", 1, root)
    first = tmp_path / "group-seed-0"
    (first / "output/model.tar.gz").touch()
    for word in ("group-seed-0", str(first), str(first / "output/model.tar.gz")):
        assert [each.name for each in find_jobs(word, tmp_path, None)] == ["group-seed-0"]
    assert [each.name for each in find_jobs("group", tmp_path, None)] == ["group-seed-0", "group-seed-1"]
    (tmp_path / "input").mkdir()
    with pytest.raises(ValueError, match=r"input has no job.json: it is not the folder of a job"):
        find_jobs("input", tmp_path, None)
    with pytest.raises(ValueError, match="there is no folder no/where: give a job's folder, or its name"):
        find_jobs("no/where", tmp_path, None)


def test_a_job_of_sagemaker_is_found_by_its_name_and_by_the_address_of_its_model(aws: FakeAws, tmp_path: Path) -> None:
    artifact = aws.create_training_job("mien-1")
    for word in ("mien-1", artifact):
        assert [each.name for each in find_jobs(word, tmp_path, None)] == ["mien-1"]
