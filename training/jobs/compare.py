"""Compares training jobs: a table of their hyperparameters and results, and a plot of their accuracy by epoch."""

from collections.abc import Sequence
from pathlib import Path

from rich.table import Table

from training.jobs.job import TrainingJob
from training.jobs.metrics import best_epoch


def comparison_table(jobs: Sequence[TrainingJob]) -> Table:
    """Returns a table with one column per job.

    Its rows are the hyperparameters in which the jobs differ, and what each job reached, took and cost. Its title is
    the hyperparameters that all jobs share. For a single job, each hyperparameter is a row.
    """
    differing, shared = split_hyperparameters(jobs)
    table = Table("", *(job.name for job in jobs), box=None, title_justify="left")
    table.title = ", ".join(f"{name} {value}" for name, value in shared.items()) or None
    for name in differing:
        table.add_row(name, *(job.hyperparameters.get(name, "") for job in jobs))
    table.add_section()
    rows = {
        "status": [job.status for job in jobs],
        "instances": [job.instances for job in jobs],
        "epochs reached": [str(len(job.epochs)) for job in jobs],
        "best validation accuracy": [format_best_epoch(job) for job in jobs],
        "last training accuracy": [format_last(job, "train_accuracy") for job in jobs],
        "minutes": [format_minutes(job.seconds) for job in jobs],
        "billed minutes": [format_minutes(job.billable_seconds) if job.billable_seconds else "" for job in jobs],
        "cost": [format_dollars(job.cost) for job in jobs],
    }
    for name, values in rows.items():
        if any(values):
            table.add_row(name, *values)
    return table


def split_hyperparameters(jobs: Sequence[TrainingJob]) -> tuple[list[str], dict[str, str]]:
    """Returns the names of the hyperparameters in which the jobs differ, and the shared ones with their value."""
    names = sorted({name for job in jobs for name in job.hyperparameters})
    if len(jobs) == 1:
        return names, {}
    differing = [name for name in names if len({job.hyperparameters.get(name) for job in jobs}) > 1]
    return differing, {name: jobs[0].hyperparameters[name] for name in names if name not in differing}


def format_best_epoch(job: TrainingJob) -> str:
    best = best_epoch(job.epochs)
    return f"{best[1]:.4f} (epoch {best[0]})" if best else ""


def format_last(job: TrainingJob, metric: str) -> str:
    values = [epoch[metric] for _, epoch in sorted(job.epochs.items()) if metric in epoch]
    return f"{values[-1]:.4f}" if values else ""


def format_minutes(seconds: float) -> str:
    return f"{seconds / 60:.1f}"


def format_dollars(cost: float | None) -> str:
    return "" if cost is None else f"${cost:,.2f}"


def plot_accuracy(jobs: Sequence[TrainingJob], path: Path) -> None:
    """Writes a PNG of accuracy by epoch.

    Each job has a solid line for its validation accuracy. If its log has the training accuracy, that is a thin dashed
    line of the same colour.
    """
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(8, 5), layout="constrained")
    for job in jobs:
        epochs, accuracies = metric_series(job, "validation_accuracy")
        [line] = axes.plot(epochs, accuracies, marker="o", markersize=3, label=job.name)
        epochs, accuracies = metric_series(job, "train_accuracy")
        if epochs:
            axes.plot(epochs, accuracies, linestyle="--", linewidth=1, color=line.get_color())
    axes.set(xlabel="epoch", ylabel="validation accuracy (dashed: training)")
    axes.grid(alpha=0.3)
    axes.legend(loc="lower right", fontsize="small")
    figure.savefig(path, dpi=120)
    pyplot.close(figure)


def metric_series(job: TrainingJob, metric: str) -> tuple[list[int], list[float]]:
    """Returns the epochs that have the metric, in order, and its values."""
    epochs = [epoch for epoch in sorted(job.epochs) if metric in job.epochs[epoch]]
    return epochs, [job.epochs[epoch][metric] for epoch in epochs]
