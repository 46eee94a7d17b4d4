"""Jobs side by side: a table of what they differ in and reached, and their accuracy by epoch as a picture."""

from collections.abc import Sequence
from pathlib import Path

from rich.table import Table

from training.jobs import metrics
from training.jobs.status import Job


def table(jobs: Sequence[Job]) -> Table:
    """A column a job. The title holds the hyperparameters in which all are alike."""
    result = Table("", *(job.name for job in jobs), box=None, title_justify="left")
    different, alike = told_apart(jobs)
    result.title = ", ".join(f"{name} {value}" for name, value in alike.items()) or None
    for name in different:
        result.add_row(name, *(job.hyperparameters.get(name, "") for job in jobs))
    result.add_section()
    rows = {
        "status": [job.status for job in jobs],
        "instances": [job.instances for job in jobs],
        "epochs reached": [str(len(job.epochs)) for job in jobs],
        "best validation accuracy": [best(job) for job in jobs],
        "last training accuracy": [last(job, "train_accuracy") for job in jobs],
        "minutes": [f"{job.seconds / 60:.1f}" for job in jobs],
        "billed minutes": [f"{job.billable_seconds / 60:.1f}" if job.billable_seconds else "" for job in jobs],
        "cost": [dollars(job.cost) for job in jobs],
    }
    for name, values in rows.items():
        if any(values):
            result.add_row(name, *values)
    return result


def told_apart(jobs: Sequence[Job]) -> tuple[list[str], dict[str, str]]:
    """→ the hyperparameters in which the jobs differ, and those in which several are alike."""
    names = sorted({name for job in jobs for name in job.hyperparameters})
    different = [name for name in names if len(jobs) == 1 or len({job.hyperparameters.get(name) for job in jobs}) > 1]
    return different, {name: jobs[0].hyperparameters[name] for name in names if name not in different}


def best(job: Job) -> str:
    found = metrics.best(job.epochs)
    return f"{found[1]:.4f} (epoch {found[0]})" if found else ""


def last(job: Job, name: str) -> str:
    values = [epoch[name] for _, epoch in sorted(job.epochs.items()) if name in epoch]
    return f"{values[-1]:.4f}" if values else ""


def dollars(cost: float | None) -> str:
    return "" if cost is None else f"${cost:,.2f}"


def plot(jobs: Sequence[Job], path: Path) -> None:
    """Validation accuracy by epoch, a line a job, and thin and dashed its training accuracy where it tells one."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(8, 5), layout="constrained")
    for job in jobs:
        epochs = sorted(job.epochs)
        known = [epoch for epoch in epochs if "validation_accuracy" in job.epochs[epoch]]
        values = [job.epochs[epoch]["validation_accuracy"] for epoch in known]
        [line] = axes.plot(known, values, marker="o", markersize=3, label=job.name)
        trained = [epoch for epoch in epochs if "train_accuracy" in job.epochs[epoch]]
        if trained:
            accuracies = [job.epochs[epoch]["train_accuracy"] for epoch in trained]
            axes.plot(trained, accuracies, linestyle="--", linewidth=1, color=line.get_color())
    axes.set(xlabel="epoch", ylabel="validation accuracy (dashed: training)")
    axes.grid(alpha=0.3)
    axes.legend(loc="lower right", fontsize="small")
    figure.savefig(path, dpi=120)
    pyplot.close(figure)
