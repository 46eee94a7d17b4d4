"""Compares training jobs: tables of their hyperparameters and results, and a plot of their accuracy by epoch."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from rich.cells import cell_len
from rich.table import Table
from rich.text import Text

from training.jobs.group import outcome_of
from training.jobs.job import TrainingJob

# The widest column of a table. A longer value continues in the next line.
WIDEST = 12
# Columns and cells between two columns of a table.
GAP = 2

# The values of one row, in the order of the jobs.
Rows = dict[str, list[str]]


def comparison(jobs: Sequence[TrainingJob], width: int) -> Iterator[Text | Table]:
    """Yields what shows how jobs differ, and what they reached: their numbered names, tables, shared hyperparameters.

    width: of the terminal, in columns. If the jobs do not fit beside each other, there are several tables.
    """
    names = [f"{number}  {job.name}" for number, job in enumerate(jobs, 1)]
    yield Text("\n".join(names) + "\n", overflow="fold")
    differing, shared = split_hyperparameters(jobs)
    rows = {name: [job.hyperparameters.get(name, "") for job in jobs] for name in differing} | result_rows(jobs)
    for numbers in split_columns(rows, len(jobs), width):
        yield part_of_table(rows, numbers, len(differing))
    if shared:
        text = ", ".join(f"{name} {value}" for name, value in shared.items())
        yield Text(f"{'in all jobs' if len(jobs) > 1 else 'hyperparameters'}: {text}", overflow="fold")


def result_rows(jobs: Sequence[TrainingJob]) -> Rows:
    """Returns what each job has reached, taken and cost. Rows without any value are left out."""
    outcomes = [outcome_of(job) for job in jobs]
    best = {
        title: [f"{outcome.measures[name]:.4f}" if outcome and name in outcome.measures else "" for outcome in outcomes]
        for title, name in (
            ("validation accuracy", "validation_accuracy"),
            ("balanced accuracy", "validation_balanced_accuracy"),
            ("validation loss", "validation_loss"),
            ("training accuracy", "train_accuracy"),
        )
    }
    rows = {
        "status": [job.status for job in jobs],
        "instances": [job.instances for job in jobs] if any(job.price or job.billable_seconds for job in jobs) else [],
        "epochs": [f"{len(job.epochs)} of {job.total_epochs or '?'}" for job in jobs],
        "best epoch": [str(outcome.epoch) if outcome else "" for outcome in outcomes],
        **best,
        "minutes": [format_minutes(job.seconds) for job in jobs],
        "billed minutes": [format_minutes(job.billable_seconds) if job.billable_seconds else "" for job in jobs],
        "cost": [format_dollars(job.cost) for job in jobs],
    }
    return {name: values for name, values in rows.items() if any(values)}


def split_columns(rows: Rows, count: int, width: int) -> list[range]:
    """Returns which jobs are in each table, so that no table is wider than `width`. Tables are about equally wide."""
    widest = max((min(WIDEST, cell_len(value)) for values in rows.values() for value in values), default=1)
    free = width - max((cell_len(name) for name in rows), default=0)
    most = max(1, free // (widest + GAP))
    tables = -(-count // most)
    columns = -(-count // tables)
    return [range(first, min(first + columns, count)) for first in range(0, count, columns)]


def part_of_table(rows: Rows, numbers: range, differing: int) -> Table:
    """Returns a table with some of the jobs. differing: how many of the first rows are hyperparameters."""
    table = Table("", box=None, padding=(0, GAP, 0, 0))
    for number in numbers:
        table.add_column(str(number + 1), justify="right", overflow="fold", max_width=WIDEST)
    for index, (name, values) in enumerate(rows.items()):
        if index == differing and differing:
            table.add_row()
        table.add_row(name, *(Text(values[number]) for number in numbers))
    table.add_row()
    return table


def split_hyperparameters(jobs: Sequence[TrainingJob]) -> tuple[list[str], dict[str, str]]:
    """Returns the names of the hyperparameters in which the jobs differ, and the shared ones with their value."""
    names = sorted({name for job in jobs for name in job.hyperparameters})
    differing = [name for name in names if len({job.hyperparameters.get(name) for job in jobs}) > 1]
    return differing, {name: jobs[0].hyperparameters[name] for name in names if name not in differing}


def format_minutes(seconds: float) -> str:
    return f"{seconds / 60:.1f}"


def format_dollars(cost: float | None) -> str:
    return "" if cost is None else f"${cost:,.2f}"


def plot_accuracy(jobs: Sequence[TrainingJob], path: Path) -> None:
    """Writes a PNG of accuracy by epoch.

    Each job has a line for its validation accuracy, with a dot at its best epoch. If its log has the training accuracy,
    that is a thin dashed line of the same color. The names are below the picture, because they are long.
    """
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import colormaps, pyplot
    from matplotlib.ticker import MaxNLocator, PercentFormatter

    figure, axes = pyplot.subplots(figsize=(8, 5 + 0.22 * len(jobs)), layout="constrained")
    colors = colormaps["tab10" if len(jobs) <= 10 else "tab20"]
    for number, job in enumerate(jobs):
        color = colors(number % colors.N)
        epochs, accuracies = metric_series(job, "train_accuracy")
        axes.plot(epochs, accuracies, linestyle="--", linewidth=0.8, color=color, alpha=0.6)
        epochs, accuracies = metric_series(job, "validation_accuracy")
        outcome = outcome_of(job)
        reached = f": {outcome.measures['validation_accuracy']:.4f} in epoch {outcome.epoch}" if outcome else ""
        axes.plot(epochs, accuracies, linewidth=1.6, color=color, label=f"{number + 1}  {job.name}{reached}")
        if outcome:
            axes.plot(outcome.epoch, outcome.measures["validation_accuracy"], "o", color=color, markersize=5)
    axes.set(xlabel="epoch", ylabel="accuracy", title="Validation accuracy (dashed: training accuracy)")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
    axes.grid(alpha=0.3)
    axes.spines[["top", "right"]].set_visible(False)
    figure.legend(loc="outside lower left", fontsize="small", frameon=False)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=120)
    pyplot.close(figure)


def metric_series(job: TrainingJob, metric: str) -> tuple[list[int], list[float]]:
    """Returns the epochs that have the metric, in order, and its values."""
    epochs = [epoch for epoch in sorted(job.epochs) if metric in job.epochs[epoch]]
    return epochs, [job.epochs[epoch][metric] for epoch in epochs]
