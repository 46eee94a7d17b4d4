"""From FER2013's csv to a trained model."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from mien.expressions import LABELS
from training import fer2013
from training.fer2013 import BadRows, Faces

app = typer.Typer(help=__doc__, no_args_is_help=True, add_completion=False, rich_markup_mode=None)
console = Console()

Csv = Annotated[
    Path,
    typer.Argument(exists=True, dir_okay=False, help="FER2013's train.csv or fer2013.csv, or one of them gzipped."),
]
SkipBad = Annotated[bool, typer.Option(help="Go on without rows that hold no labelled face.")]
Seed = Annotated[int, typer.Option(help="The same seed makes the same files.")]


@app.command()
def prepare(
    csv: Csv,
    output: Annotated[Path, typer.Option(help="Where the channels go: OUTPUT/train and OUTPUT/validation.")] = Path(
        "build/fer2013"
    ),
    exclude: Annotated[
        Path | None, typer.Option(exists=True, help="A csv whose faces may not be trained on, such as the public test.")
    ] = None,
    validation: Annotated[
        float, typer.Option(min=0.01, max=0.5, help="The share that is held out of each class.")
    ] = 0.1,
    skip_bad: SkipBad = False,
    seed: Seed = 0,
) -> None:
    """Split the faces into the channels of a training job.

    Faces that occur in EXCLUDE too are left out, and faces of the same pixels stay on one side of the split.
    """
    from training.prepare import split, without, write

    faces = read(csv, skip_bad)
    if exclude:
        kept = without(faces, read(exclude, skip_bad))
        console.print(f"{len(faces) - len(kept):,} faces occur in {exclude.name} too, and are left out")
        faces = kept
    channels = dict(zip(("train", "validation"), split(faces, validation, seed), strict=True))
    table = Table("class", *channels, box=None)
    for label, name in enumerate(LABELS):
        table.add_row(name, *(f"{int((channel.labels == label).sum()):,}" for channel in channels.values()))
    table.add_row("all", *(f"{len(channel):,}" for channel in channels.values()))
    console.print(table)
    for name, channel in channels.items():
        console.print(write(channel, output / name))


@app.command()
def images(
    csv: Csv,
    output: Annotated[Path, typer.Option(help="A folder, which gets one folder a class.")],
    limit: Annotated[int | None, typer.Option(min=1, help="Only the first rows of the csv.")] = None,
    skip_bad: SkipBad = False,
) -> None:
    """Write faces out as PNG files, a folder a class: for the inbox, or to look at."""
    import numpy as np

    from training.prepare import write_images

    faces = read(csv, skip_bad)
    count = write_images(faces[np.arange(min(len(faces), limit or len(faces)))], output)
    console.print(f"{count:,} images under {output}")


@app.command()
def evaluate(
    csv: Csv,
    model: Annotated[
        Path, typer.Option(exists=True, file_okay=False, help="A folder of model.onnx and model.json.")
    ] = Path("models"),
    output: Annotated[Path | None, typer.Option(help="Write the figures here too, as JSON.")] = None,
    card: Annotated[Path | None, typer.Option(help="Write the model's card here, in Markdown.")] = None,
    skip_bad: SkipBad = False,
) -> None:
    """Measure a model on faces that it was not trained on, through the code that serves it."""
    import json

    from training.evaluate import card as written
    from training.evaluate import measure

    figures = measure(read(csv, skip_bad), model)
    low, high = figures["accuracy_95"]
    console.print(f"accuracy {figures['accuracy']:.4f} (95%: {low:.3f} to {high:.3f}) on {figures['faces']:,} faces")
    console.print(f"balanced accuracy {figures['balanced_accuracy']:.4f}")
    table = Table("class", "faces", "precision", "recall", box=None)
    for name, row in figures["classes"].items():
        table.add_row(name, f"{row['faces']:,}", f"{row['precision']:.3f}", f"{row['recall']:.3f}")
    console.print(table)
    if output:
        output.write_text(json.dumps(figures, indent=2) + "\n")
        console.print(output)
    if card:
        card.write_text(written(figures, json.loads((model / "model.json").read_text())))
        console.print(card)


@app.command()
def composites(
    csv: Csv,
    output: Annotated[Path, typer.Option(help="A folder, which gets one folder a class.")] = Path("samples/faces"),
    per_class: Annotated[int, typer.Option(min=1, max=20)] = 5,
    skip_bad: SkipBad = False,
    seed: Seed = 0,
) -> None:
    """Make sample faces that show nobody: each is the average of many of one class."""
    from training.composites import write

    for path in write(read(csv, skip_bad), output, per_class, seed):
        console.print(path)


def read(csv: Path, skip_bad: bool) -> Faces:
    with console.status(f"reading {csv.name}"):
        faces, bad = fer2013.read(csv)
    if bad and not skip_bad:
        raise BadRows(csv, bad)
    console.print(f"{csv.name}: {len(faces):,} faces" + (f", {len(bad):,} bad rows skipped" if bad else ""))
    return faces


def main() -> None:
    try:
        app()
    except (ValueError, OSError) as error:
        Console(stderr=True).print(str(error), style="red", markup=False, soft_wrap=True)
        raise SystemExit(1) from None


if __name__ == "__main__":
    main()
