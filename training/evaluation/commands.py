"""The command that measures a model: evaluate."""

import json
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from rich.table import Table

from training.console import console
from training.data import fer2013
from training.data.csv_input import Csv, SkipBad, read_faces
from training.data.csv_rows import Usage


def evaluate(
    csv: Csv,
    model: Annotated[
        Path, typer.Option(exists=True, file_okay=False, help="Folder with model.onnx and model.json.")
    ] = Path("models"),
    report: Annotated[
        Path | None, typer.Option(help="Folder to write the model's card, its figures as JSON and its plots into.")
    ] = None,
    mistakes: Annotated[
        Path | None,
        typer.Option(help="PNG file to write, with the most confident mistakes. It shows faces of the CSV."),
    ] = None,
    train: Annotated[
        list[Path] | None,
        typer.Option(
            exists=True,
            dir_okay=False,
            help="CSV of training rows; may be repeated. Counts the test faces that are in it too, and measures the "
            "accuracy without them.",
        ),
    ] = None,
    trained_on: Annotated[
        Path | None,
        typer.Option(
            exists=True,
            file_okay=False,
            help="Folder that train.py read as --train for this model. Counts the test faces that are in it, also as "
            "another copy of the photograph, and measures the accuracy without them.",
        ),
    ] = None,
    usage: Annotated[
        Usage,
        typer.Option(case_sensitive=False, help="If the CSV has a column Usage, measure on the rows with this value."),
    ] = "PublicTest",
    skip_bad: SkipBad = False,
) -> None:
    """Measure a model on faces that it was not trained on, through the code that serves it.

    Prints accuracy with its 95% interval, top-2 and balanced accuracy, log loss, expected calibration error, and
    precision, recall and F1 per class. Then it counts duplicates, and gives the accuracy without them.

    \b
    Example, the committed model's card:
      python -m training evaluate public_test.csv.gz --model models --train train.csv.gz \\
        --trained-on build/fer2013/train --report models
    """
    from training.evaluation import duplicates
    from training.evaluation.measure import load_model, measure, probabilities

    faces = read_faces(csv, skip_bad, frozenset({usage}))
    served, contract = load_model(model), json.loads((model / "model.json").read_text())
    training_set = duplicates.load_training_set(trained_on, contract) if trained_on else None
    training_rows = [read_faces(path, skip_bad, fer2013.TRAINING, may_be_empty=True) for path in train or []]
    if training_rows and not any(map(len, training_rows)):
        raise ValueError(f"no training rows in {', '.join(map(str, train or []))}: nothing can be compared")
    rows = probabilities(faces.images, served)
    figures = measure(faces, rows, served)
    found: dict[str, Any] = {"within": duplicates.duplicates_within(faces), "training": None, "trained_on": None}
    if training_rows:
        found["training"] = duplicates.overlap_with_csv(faces, rows, duplicates.concatenate(training_rows))
    if training_set:
        found["trained_on"] = duplicates.overlap_with_training_set(faces, rows, training_set)
    figures["duplicates"] = found
    print_figures(figures)
    print_duplicates(figures)
    if report:
        name = f"{csv.name.partition('.')[0]}.json"
        write_report(report, name, figures, contract, rows, faces.labels)
        console.print(
            f"{report / name} and, beside it, README.md, confusion.png, reliability.png", highlight=False, markup=False
        )
    if mistakes:
        from training.evaluation.plots import save_mistakes

        save_mistakes(faces, rows, served.labels, mistakes)
        console.print(mistakes, highlight=False)


def write_report(
    folder: Path, name: str, figures: dict[str, Any], contract: dict[str, Any], rows: np.ndarray, labels: np.ndarray
) -> None:
    """Writes the figures as JSON under `name`, the model's card and its plots."""
    from training.evaluation.card import card
    from training.evaluation.plots import save_confusion_matrix, save_reliability_diagram

    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(json.dumps(figures, indent=2) + "\n")
    (folder / "README.md").write_text(card(figures, contract))
    counts = np.array(figures["confusion"]["counts"])
    save_confusion_matrix(counts, contract["labels"], folder / "confusion.png")
    save_reliability_diagram(rows, labels, folder / "reliability.png")


def print_figures(figures: dict[str, Any]) -> None:
    low, high = figures["accuracy_95"]
    console.print(f"accuracy {figures['accuracy']:.4f} (95%: {low:.3f} to {high:.3f}) on {figures['faces']:,} faces")
    console.print(f"top-2 accuracy {figures['top_2_accuracy']:.4f}")
    console.print(f"balanced accuracy {figures['balanced_accuracy']:.4f}")
    console.print(f"log loss {figures['log_loss']:.4f} nats")
    console.print(f"expected calibration error {figures['expected_calibration_error']:.4f}")
    table = Table("class", "faces", "precision", "recall", "F1", box=None)
    for name, row in figures["classes"].items():
        table.add_row(name, f"{row['faces']:,}", f"{row['precision']:.3f}", f"{row['recall']:.3f}", f"{row['f1']:.3f}")
    console.print(table)


def print_duplicates(figures: dict[str, Any]) -> None:
    """Prints how many test faces are duplicates, and the accuracy on all faces, without duplicates and on them."""
    within, training, trained_on = (figures["duplicates"][name] for name in ("within", "training", "trained_on"))
    accuracies = {"all": figures}
    console.print(f"{within['faces']:,} faces occur more than once, {within['contradictory']:,} with several labels")
    if training:
        console.print(
            f"{training['found']:,} faces are also among the {training['faces']:,} training rows, "
            f"{training['contradictory']:,} of them with another label"
        )
        accuracies["without those in the training rows"] = training["without"]
        accuracies["only those in the training rows"] = training["alone"]
    if trained_on:
        console.print(
            f"{trained_on['found']:,} faces are among the {trained_on['faces']:,} that the model was trained on, and "
            f"{trained_on['near']:,} have another copy there"
        )
        accuracies["without those, and their copies, that it was trained on"] = trained_on["without"]
    table = Table("faces", "count", "accuracy", "95%", box=None)
    for name, part in accuracies.items():
        if part:
            low, high = part["accuracy_95"]
            table.add_row(name, f"{part['faces']:,}", f"{part['accuracy']:.4f}", f"{low:.3f} to {high:.3f}")
    console.print(table)
