"""Draws how a training went: loss, accuracy and learning rate by epoch, with the epoch whose model was kept."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from training.jobs.compare import metric_series
from training.jobs.job import TrainingJob
from training.jobs.metrics import best_epoch

if TYPE_CHECKING:
    from matplotlib.axes import Axes

HISTORY = "history.png"
TRAIN, VALIDATION = "#8c8c8c", "#1f5fb4"
CHOSEN = "#c8501e"
# From a panel to its curves: metric, name, color and line style. Curves whose metric a log lacks are left out.
PANELS: Mapping[str, list[tuple[str, str, str, str]]] = {
    "loss": [
        ("train_loss", "training", TRAIN, "-"),
        ("validation_loss", "validation", VALIDATION, "-"),
    ],
    "accuracy": [
        ("train_accuracy", "training", TRAIN, "-"),
        ("validation_accuracy", "validation", VALIDATION, "-"),
        ("validation_balanced_accuracy", "validation, balanced", VALIDATION, ":"),
    ],
    "learning rate": [("learning_rate", "learning rate", "#3c7d3c", "-")],
}
# Inches.
HEIGHTS = {"loss": 3.0, "accuracy": 3.0, "learning rate": 1.6}
WIDTH = 8


def save_history(job: TrainingJob, path: Path) -> bool:
    """Writes a PNG with the curves of a job's epochs. Returns False if the log has no epoch, or matplotlib is missing.

    A training loss is measured while the network learns, on augmented images. So it can be above the validation loss.
    """
    panels = [name for name, curves in PANELS.items() if any(metric_series(job, metric)[0] for metric, *_ in curves)]
    if not panels:
        return False
    try:
        import matplotlib
    except ImportError:
        return False
    matplotlib.use("Agg")
    from matplotlib import pyplot
    from matplotlib.ticker import MaxNLocator

    heights = [HEIGHTS[name] for name in panels]
    figure, grid = pyplot.subplots(
        len(panels),
        sharex=True,
        squeeze=False,
        figsize=(WIDTH, sum(heights)),
        height_ratios=heights,
        layout="constrained",
    )
    best = best_epoch(job.epochs, job.best_by)
    for axes, name in zip(grid[:, 0], panels, strict=True):
        draw_panel(axes, name, job)
        if best:
            axes.axvline(best[0], color=CHOSEN, linewidth=1, linestyle="--", zorder=0)
    if best:
        mark_best(list(grid[:, 0]), panels, job, *best)
    grid[-1, 0].set_xlabel("epoch")
    grid[-1, 0].xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    figure.suptitle(job.name, fontsize="medium")
    path.parent.mkdir(parents=True, exist_ok=True)
    # The version of matplotlib is left out, so the file changes only if the picture does.
    figure.savefig(path, dpi=120, metadata={"Software": None})
    pyplot.close(figure)
    return True


def draw_panel(axes: "Axes", name: str, job: TrainingJob) -> None:
    for metric, label, color, style in PANELS[name]:
        epochs, values = metric_series(job, metric)
        if epochs:
            # A single epoch is a point, which a line would not show.
            marker = "o" if len(epochs) == 1 else None
            axes.plot(epochs, values, color=color, linestyle=style, label=label, marker=marker)
    axes.set_ylabel(name)
    if name != "loss":
        axes.set_ylim(bottom=0)
    axes.grid(alpha=0.25)
    axes.spines[["top", "right"]].set_visible(False)
    if len(axes.lines) > 1:
        axes.legend(loc="best", fontsize="small", frameon=False)


def mark_best(grid: "list[Axes]", panels: list[str], job: TrainingJob, epoch: int, value: float) -> None:
    """Marks the epoch whose model was kept, on the curve by which it is the best."""
    axes = grid[panels.index("loss" if job.best_by == "loss" else "accuracy")]
    axes.plot([epoch], [value], marker="o", color=CHOSEN, zorder=3)
    measure = f"validation {job.best_by.replace('_', ' ')}"
    axes.set_title(f"best {measure} {value:.4f}, epoch {epoch}", color=CHOSEN, fontsize="small", loc="right")
