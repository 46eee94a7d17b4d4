"""The command that measures a model: evaluate."""

from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from rich.table import Table

from training.console import Csv, SkipBad, console, read_faces
from training.data import fer2013


def evaluate(
    csv: Csv,
    model: Annotated[
        Path, typer.Option(exists=True, file_okay=False, help="A folder of model.onnx and model.json.")
    ] = Path("models"),
    report: Annotated[
        Path | None, typer.Option(help="A folder for the model's card, its figures as JSON, and its plots.")
    ] = None,
    mistakes: Annotated[
        Path | None, typer.Option(help="A PNG of the most confident mistakes. It shows faces of the csv.")
    ] = None,
    train: Annotated[
        list[Path] | None,
        typer.Option(
            exists=True, dir_okay=False, help="A csv of training rows, whose faces are looked for; may be repeated."
        ),
    ] = None,
    trained_on: Annotated[
        Path | None,
        typer.Option(exists=True, file_okay=False, help="The folder that train.py was given for this model."),
    ] = None,
    usage: Annotated[str, typer.Option(help="The rows to take of a csv with a column Usage.")] = "PublicTest",
    skip_bad: SkipBad = False,
) -> None:
    """Measure a model on faces that it was not trained on, through the code that serves it."""
    import json

    from training.evaluation import measure as figure

    faces = read_faces(csv, skip_bad, frozenset({usage}))
    served, contract = figure.loaded(model), json.loads((model / "model.json").read_text())
    known = figure.trained_on(trained_on, contract) if trained_on else None
    others = [read_faces(path, skip_bad, fer2013.TRAINING) for path in train or []]
    rows = figure.probabilities(faces.images, served)
    figures = figure.measure(faces, rows, served)
    figures["duplicates"] = {
        "within": figure.repeats(faces),
        "training": figure.overlap(faces, rows, figure.joined(others)) if others else None,
        "trained_on": figure.seen(faces, rows, known) if known else None,
    }
    show(figures)
    if report or mistakes:
        from training.evaluation import plots as pictures
    if report:
        from training.evaluation.card import card

        report.mkdir(parents=True, exist_ok=True)
        written = report / f"{csv.name.partition('.')[0]}.json"
        written.write_text(json.dumps(figures, indent=2) + "\n")
        (report / "README.md").write_text(card(figures, contract))
        pictures.confusion(np.array(figures["confusion"]["counts"]), served.labels, report / "confusion.png")
        pictures.calibration(rows, faces.labels, report / "reliability.png")
        console.print(f"{written} and, beside it, README.md, confusion.png, reliability.png", highlight=False)
    if mistakes:
        pictures.mistakes(faces, rows, served.labels, mistakes)
        console.print(mistakes, highlight=False)


def show(figures: dict[str, Any]) -> None:
    """What `evaluate` prints of its figures."""
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
    within, training, trained_on = (figures["duplicates"][name] for name in ("within", "training", "trained_on"))
    parts = {"all": figures}
    console.print(f"{within['faces']:,} occur more than once, {within['contradictory']:,} of them under several labels")
    if training:
        console.print(
            f"{training['found']:,} occur among the {training['faces']:,} training rows, "
            f"{training['contradictory']:,} of them under another label"
        )
        parts |= {"without those in the training rows": training["without"], "those alone": training["alone"]}
    if trained_on:
        console.print(
            f"{trained_on['found']:,} are among the {trained_on['faces']:,} faces that the model was trained on, "
            f"and {trained_on['near']:,} nearly so"
        )
        parts["without those trained on, even nearly"] = trained_on["without"]
    table = Table("faces", "count", "accuracy", "95%", box=None)
    for name, part in parts.items():
        if part:
            low, high = part["accuracy_95"]
            table.add_row(name, f"{part['faces']:,}", f"{part['accuracy']:.4f}", f"{low:.3f} to {high:.3f}")
    console.print(table)
