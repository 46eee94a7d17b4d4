"""Prints a model's figures, its confusions, and how many test images it may know."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Column, Table
from rich.text import Text

from training.console import console, print_plain
from training.evaluation.confusion import WIDTH, confusion_lines, largest_confusions


@contextmanager
def counting(words: str, total: int) -> Iterator[Callable[[int], None]]:
    """Shows a progress bar until the block ends. Yields a function that is called with a count of finished images."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    # Into a file, rich would write an empty line.
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task(words, total=total)
        yield lambda count: bar.advance(task, count)


def print_figures(figures: dict[str, Any]) -> None:
    low, high = figures["accuracy_95"]
    classes = figures["classes"]
    print_plain(f"accuracy {figures['accuracy']:.4f} (95%: {low:.3f} to {high:.3f}) on {figures['images']:,} images")
    if len(classes) > 2:
        print_plain(f"top-2 accuracy {figures['top_2_accuracy']:.4f}")
    print_plain(f"balanced accuracy {figures['balanced_accuracy']:.4f}")
    print_plain(f"log loss {figures['log_loss']:.4f} nats")
    print_plain(
        f"expected calibration error {figures['expected_calibration_error']:.4f} "
        f"(exact confidences: {figures['calibration_error_by_chance']:.4f}, by chance)"
    )
    console.print()
    table = Table("class", *right("images", "precision", "recall", "F1"), box=None)
    for name, row in classes.items():
        shares = (f"{row[figure]:.3f}" for figure in ("precision", "recall", "f1"))
        table.add_row(Text(name), f"{row['images']:,}", *shares)
    console.print(table)
    console.print()
    print_confusions(np.array(figures["confusion"]["counts"]), list(classes))


def right(*names: str) -> list[Column]:
    """Columns of a table whose cells are numbers."""
    return [Column(name, justify="right") for name in names]


def print_confusions(counts: np.ndarray, labels: list[str]) -> None:
    """Prints the matrix if it fits the terminal, otherwise the largest confusions."""
    lines = confusion_lines(counts, labels, max(WIDTH, console.width))
    if lines:
        print_plain("confusions: a row per label, a column per prediction")
        for line in lines:
            console.print(Text(line), soft_wrap=True)
        return
    found = largest_confusions(counts, labels)
    if not found:
        print_plain("no image is confused with another class")
        return
    print_plain("largest confusions")
    table = Table("label", "prediction", *right("images", "of the label"), box=None)
    for one in found:
        table.add_row(Text(one.label), Text(one.prediction), f"{one.images:,}", f"{one.share:.0%}")
    console.print(table)


def print_duplicates(figures: dict[str, Any]) -> None:
    """Prints how many test images are duplicates, and the accuracy on all, without duplicates and on them."""
    within, training, trained_on = (figures["duplicates"][name] for name in ("within", "training", "trained_on"))
    accuracies = {"all": figures}
    if within["images"]:
        print_plain(
            f"{within['images']:,} images occur more than once, {within['contradictory']:,} with several labels"
        )
    if training:
        print_plain(
            f"{training['found']:,} images are also among the {training['images']:,} training rows, "
            f"{training['contradictory']:,} of them with another label"
        )
        accuracies["without those in the training rows"] = training["without"]
        accuracies["only those in the training rows"] = training["alone"]
    if trained_on:
        near = "" if trained_on["near"] is None else f", and {trained_on['near']:,} have another copy there"
        print_plain(
            f"{trained_on['found']:,} images are among the {trained_on['images']:,} that the model was trained on{near}"
        )
        copies = ", and their copies," if near else ""
        accuracies[f"without those{copies} that it was trained on"] = trained_on["without"]
    if len(accuracies) == 1:
        return
    table = Table("images", *right("count", "accuracy"), "95%", box=None)
    for name, part in accuracies.items():
        if part:
            low, high = part["accuracy_95"]
            table.add_row(name, f"{part['images']:,}", f"{part['accuracy']:.4f}", f"{low:.3f} to {high:.3f}")
    console.print(table)


def print_robustness(table: list[dict[str, Any]]) -> None:
    """Prints the accuracy under each disturbance. table: of `measure_robustness`."""
    console.print()
    print_plain("accuracy and its change under disturbances, with standard errors over the images")
    shown = Table("disturbance", "strength", *right("accuracy", "change"), box=None)
    for row in table:
        change = f"{row['difference']:+.4f} ± {row['standard_error']:.4f}" if row["strength"] else ""
        accuracy = f"{row['accuracy']:.4f} ± {row['accuracy_error']:.4f}"
        shown.add_row(row["disturbance"], row["strength"], accuracy, change)
    console.print(shown)


def print_comparison(against: dict[str, Any]) -> None:
    """Prints how a model does beside another one on the same images. against: of `paired.compare`, with its `model`."""
    console.print()
    print_plain(f"against {against['model']}, image by image; a difference is this model's value minus the other's")
    for name, title in (("accuracy", "accuracy"), ("log_loss", "log loss")):
        part = against[name]
        print_plain(
            f"{title} of the other {part['other']:.4f}, difference {part['difference']:+.4f} "
            f"(standard error {part['standard_error']:.4f})"
        )
    only, other_only = against["only_right"]
    print_plain(
        f"only this model is right on {only:,} images, only the other on {other_only:,} "
        f"(sign test, p = {against['sign_test_p']:.2g})"
    )


def print_relation(relation: str) -> None:
    """Prints a warning if the figures do not show how the model does on new images."""
    warnings = {
        "same_folder": "The model was trained on images of a folder with this name. --trained-on with the folder that "
        "`prepare` wrote counts the same images, and measures without them.",
        "trained": "The model was trained on these very images: the figures do not show how it does on new ones.",
        "held_out": "These are the images by which the model's epoch was chosen: on new ones it can be a little worse.",
    }
    if relation in warnings:
        console.print(Text(warnings[relation], style="yellow"))


def print_path(text: str) -> None:
    """Prints a text with paths on one line, so that they can be copied."""
    console.print(Text(text), soft_wrap=True)
