"""Prints how good teachers are, and what to do with their soft labels."""

import shlex
from collections.abc import Sequence
from pathlib import Path

from rich.table import Table
from rich.text import Text

from cli import literal
from training.console import console
from training.distillation.figures import Figures
from training.distillation.teachers import Teacher, warnings
from training.evaluation.display import print_path


def print_slow(teachers: Sequence[Teacher]) -> None:
    """Prints why teachers run on the processors, although there is a GPU."""
    for teacher in teachers:
        if teacher.not_on_gpu:
            print_path(f"{teacher.name} runs on the processors: {teacher.not_on_gpu}")


def print_result(figures: Sequence[Figures], teachers: Sequence[Teacher], data: Path, path: Path) -> None:
    """Prints a row of figures per teacher, warnings about teachers, and the path of the soft labels."""
    table = Table("teacher", box=None)
    for column in ("accuracy", "without mirror", "calibration error", "agreement"):
        table.add_column(column, justify="right")
    for row in figures:
        values = (row.accuracy, row.one_pass_accuracy, row.calibration_error, row.agreement)
        table.add_row(literal(row.name), *(f"{value:.4f}" for value in values))
    console.print(table)
    print_path("accuracy and calibration error: of validation images; agreement with the labels: of training images")
    if any(teacher.flips for teacher in teachers):
        print_path("a model that averages mirror images itself has no accuracy without them")
    for sentence in warnings(teachers, data):
        console.print(Text(sentence, style="yellow"), soft_wrap=True)
    print_path(f"written to {path}")
    command = f"python -m training launch lean --local --data {shlex.quote(str(data))}"
    console.print(f"learn from them with: {command}", markup=False, highlight=False, soft_wrap=True)
