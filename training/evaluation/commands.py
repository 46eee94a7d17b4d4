"""The command that measures a model: evaluate."""

import json
import shlex
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer

from training.data.csv_rows import Usage
from training.evaluation.display import (
    counting,
    print_comparison,
    print_duplicates,
    print_figures,
    print_path,
    print_relation,
    print_robustness,
)
from training.evaluation.source_input import read_for_other, read_source, read_training_rows
from training.evaluation.sources import name_of
from training.model_source import find_model


def evaluate(
    source: Annotated[
        Path,
        typer.Argument(
            exists=True,
            metavar="SOURCE",
            help="A folder with a folder of images per class; a folder that `prepare` wrote; or FER2013's CSV: plain, "
            "gzipped, or in a .tar.gz or .zip archive.",
        ),
    ],
    model: Annotated[
        str,
        typer.Option(
            help="A folder with model.json, a job below build/jobs, a model.tar.gz, a model file with model.json "
            "beside it, s3://BUCKET/KEY/model.tar.gz, or a SageMaker training job."
        ),
    ] = "models",
    predictions: Annotated[
        Path | None,
        typer.Option(help="CSV file to write, with a row per image: its label, the prediction, all probabilities."),
    ] = None,
    report: Annotated[
        Path | None, typer.Option(help="Folder to write the model's card, its figures as JSON and its plots into.")
    ] = None,
    mistakes: Annotated[
        Path | None,
        typer.Option(help="PNG file to write, with the most confident mistakes. It shows images of the source."),
    ] = None,
    trained_on: Annotated[
        Path | None,
        typer.Option(
            exists=True,
            file_okay=False,
            help="Folder that train.py read as --train for this model, or that `prepare` wrote. Counts the test images "
            "that are in it, and measures the accuracy without them.",
        ),
    ] = None,
    train: Annotated[
        list[Path] | None,
        typer.Option(
            exists=True,
            dir_okay=False,
            help="With FER2013's CSV: a CSV of training rows; may be repeated. Counts the test faces that are in it "
            "too, and measures the accuracy without them.",
        ),
    ] = None,
    against: Annotated[
        str | None,
        typer.Option(
            metavar="MODEL", help="Another model, to compare with on the same images. It is named as --model is."
        ),
    ] = None,
    robustness: Annotated[
        bool,
        typer.Option(
            "--robustness",
            help="Also measure the accuracy on disturbed images: badly cropped, turned, blurred, coarse, compressed, "
            "dark, flat and noisy ones. This takes 25 times as long.",
        ),
    ] = False,
    usage: Annotated[
        Usage,
        typer.Option(case_sensitive=False, help="If the CSV has a column Usage, measure on the rows with this value."),
    ] = "PublicTest",
    skip_bad: Annotated[
        bool, typer.Option(help="Leave out rows and images that can't be read, instead of failing with a list of them.")
    ] = False,
) -> None:
    """Measure a model on labelled images, through the code that serves it.

    Prints the accuracy with its 95% interval, balanced accuracy, log loss, the calibration error, precision and recall
    of each class, and which classes are confused. Images of a folder are read as the functions read them. The names of
    its folders must be the model's labels, in any order.

    --against compares two models image by image: the difference of their accuracies and log losses with its standard
    error, and a sign test.

    Of a folder that `prepare` wrote, the held-out images are measured. The output says so if the model was trained on
    the very images of the source.

    \b
    Examples, a job of this machine, and the committed model's card:
      python -m training evaluate animals/test --model JOB --predictions build/predictions.csv
      python -m training evaluate public_test.csv.gz --model models --train train.csv.gz \\
        --trained-on build/fer2013/train --report models
    """
    from training.evaluation import duplicates
    from training.evaluation.disturbances import DISTURBANCES
    from training.evaluation.measure import load_model, measure, probabilities
    from training.evaluation.paired import compare
    from training.evaluation.predictions import write_predictions
    from training.evaluation.robustness import measure_robustness

    with find_model(model) as folder, find_other(against) as other_folder:
        loaded = load_model(folder, model)
        measured = read_source(source, loaded, usage, skip_bad)
        images, contract = measured.images, loaded.contract.document
        training_set = (
            duplicates.load_training_set(trained_on, loaded.contract.version, contract) if trained_on else None
        )
        training_rows = read_training_rows(train or [], measured, skip_bad)
        other = load_model(other_folder, against or "") if other_folder else None
        other_images = read_for_other(source, other, measured, loaded, usage, skip_bad) if other else None
        with counting("measuring", len(images)) as progress:
            rows = probabilities(images.images, loaded, progress)
        comparison = None
        if other and other_images:
            with counting(f"measuring {against}", len(images)) as progress:
                other_rows = probabilities(other_images.images, other, progress)
            compared = compare(rows, images.labels, other_rows, other_images.labels)
            comparison = {"model": other.contract.version, **compared}
        table = None
        if robustness:
            with counting("disturbing", len(images) * len(DISTURBANCES)) as progress:
                table = measure_robustness(images, rows, loaded, progress)
    found: dict[str, Any] = {"within": duplicates.duplicates_within(images), "training": None, "trained_on": None}
    if training_rows:
        found["training"] = duplicates.overlap_with_csv(images, rows, training_rows)
    if training_set:
        found["trained_on"] = duplicates.overlap_with_training_set(images, rows, training_set, measured.is_fer2013)
    figures = {
        "model": loaded.contract.version,
        "source": {"name": measured.name, "relation": measured.relation},
        "command": command_text(source, model, train or [], trained_on, report, against, robustness),
        "images_sha256": measured.sha256,
        "unread": measured.unread,
        **measure(images, rows),
        "duplicates": found,
        **({"against": comparison} if comparison else {}),
        **({"robustness": table} if table else {}),
    }
    print_figures(figures)
    print_duplicates(figures)
    if not training_set:
        print_relation(measured.relation)
    if comparison:
        print_comparison(comparison)
    if table:
        print_robustness(table)
    if predictions:
        write_predictions(predictions, measured.origin, measured.places, images.labels, rows, images.classes)
        print_path(f"predictions: {predictions}")
    if report:
        name = f"{source.resolve().name.partition('.')[0]}.json"
        write_report(report, name, figures, contract, rows, images.labels)
        print_path(f"report: {report / name} and, beside it, README.md, confusion.png, reliability.png")
    if mistakes:
        from training.evaluation.plots import save_mistakes

        save_mistakes(images, rows, mistakes)
        print_path(f"mistakes: {mistakes}")


def write_report(
    folder: Path, name: str, figures: dict[str, Any], contract: dict[str, Any], rows: np.ndarray, labels: np.ndarray
) -> None:
    """Writes the figures as JSON under `name`, the model's card and its plots."""
    from training.evaluation.card import card, things_of
    from training.evaluation.plots import save_confusion_matrix, save_reliability_diagram

    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(json.dumps(figures, indent=2) + "\n")
    (folder / "README.md").write_text(card(figures, contract))
    counts, source, things = np.array(figures["confusion"]["counts"]), figures["source"]["name"], things_of(contract)
    save_confusion_matrix(counts, contract["labels"], folder / "confusion.png", source, things)
    save_reliability_diagram(rows, labels, folder / "reliability.png", source, things)


def find_other(against: str | None) -> AbstractContextManager[Path | None]:
    """As `find_model`, or None if no other model is named."""
    return find_model(against) if against else nullcontext()


def command_text(
    source: Path,
    model: str,
    train: list[Path],
    trained_on: Path | None,
    report: Path | None,
    against: str | None,
    robustness: bool,
) -> str:
    """The command that repeats the measurement, without the folders of this machine."""
    words = ["python", "-m", "training", "evaluate", name_of(source), "--model", word_of(model)]
    for path in train:
        words += ["--train", name_of(path)]
    if trained_on:
        words += ["--trained-on", name_of(trained_on)]
    if against:
        words += ["--against", word_of(against)]
    if robustness:
        words += ["--robustness"]
    if report:
        words += ["--report", name_of(report)]
    return shlex.join(words)


def word_of(model: str) -> str:
    return model if model.startswith("s3://") else name_of(Path(model))
