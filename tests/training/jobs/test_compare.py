"""Jobs are compared in a table and in a plot."""

import io
from pathlib import Path

from PIL import Image
from rich.console import Console

from tests.training.fake_aws import FakeAws
from tests.training.log_lines import built_in_lines
from training.jobs.compare import comparison_table, plot_accuracy
from training.jobs.status import TrainingJobs


def test_jobs_side_by_side_show_how_they_differ_and_what_they_reached(aws: FakeAws, tmp_path: Path) -> None:
    for name, layers, lines in (
        ("short", "50", built_in_lines(0, 0.3, 0.4) + built_in_lines(1, 0.6, 0.5)),
        ("long", "152", built_in_lines(0, 0.5, 0.45)),
    ):
        aws.create_training_job(name, status="InProgress", hyperparameters={"epochs": "2", "num_layers": layers})
        aws.write_log(name, lines)
    jobs = [TrainingJobs(aws.session).describe(name) for name in ("short", "long")]
    console = Console(width=100, record=True, file=io.StringIO())
    console.print(comparison_table(jobs))
    shown = console.export_text()
    assert "epochs 2" in shown.splitlines()[0]
    assert ["num_layers", "50", "152"] in [line.split() for line in shown.splitlines()]
    assert "0.5000 (epoch 2)" in shown
    assert "0.4500 (epoch 1)" in shown
    plot_accuracy(jobs, tmp_path / "accuracy.png")
    with Image.open(tmp_path / "accuracy.png") as picture:
        assert picture.size == (960, 600)
