"""The command `python -m training describe`: writes model.json for a model from elsewhere, or shows one."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from cli import literal
from training.console import console
from training.model_source import NETWORKS, find_model


def describe(
    model: Annotated[
        str,
        typer.Argument(
            metavar="MODEL",
            show_default=False,
            help="An ONNX file, or a TorchScript file that ends in .pt, .pth or .ts: model.json is written beside it. "
            "Or a model that has a model.json: a folder, a job or an archive.",
        ),
    ],
    labels: Annotated[
        str | None,
        typer.Option(
            metavar="A,B,C|FILE",
            show_default=False,
            help="Names of the outputs in their order: separated by commas, or a file with one name per line.",
        ),
    ] = None,
    faces: Annotated[
        Literal["find", "whole"] | None,
        typer.Option(
            show_default="whole",
            help="find: look for faces in photos, and classify each. whole: classify the central square of each image.",
        ),
    ] = None,
    size: Annotated[
        int | None,
        typer.Option(show_default="what the file states", help="Pixels per side of the model's input."),
    ] = None,
    color: Annotated[
        Literal["gray", "rgb"] | None,
        typer.Option(show_default="what the file states", help="The color of the model's input."),
    ] = None,
    layout: Annotated[
        Literal["NHW", "NHWC", "NCHW"] | None,
        typer.Option(show_default="what the file states", help="Order of images, channels, height and width."),
    ] = None,
    dtype: Annotated[
        Literal["uint8", "float32", "float16"] | None,
        typer.Option(show_default="what the file states", help="Type of the model's input."),
    ] = None,
    normalisation: Annotated[
        Literal["imagenet", "none"] | None,
        typer.Option(
            show_default="none",
            help="imagenet: torchvision's mean and deviation. none: the model reads pixels from 0 to 1.",
        ),
    ] = None,
    mean: Annotated[
        str | None,
        typer.Option(
            metavar="R,G,B", show_default=False, help="Mean of each channel, of pixels from 0 to 1. With --deviation."
        ),
    ] = None,
    deviation: Annotated[
        str | None, typer.Option(metavar="R,G,B", show_default=False, help="Standard deviation of each channel.")
    ] = None,
    output: Annotated[
        str | None, typer.Option(metavar="NAME", show_default="the only one", help="Which output has the classes.")
    ] = None,
    values: Annotated[
        Literal["probabilities", "logits"] | None,
        typer.Option(show_default="measured on noise", help="What the outputs are. Softmax is applied to logits."),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace a model.json that is there.")] = False,
) -> None:
    """Write model.json for a model from elsewhere, or show what a model's model.json says.

    describe exported.onnx --labels cat,dog,bird: look into the file, and write model.json beside it.

    describe FOLDER: check the model in a folder, and show its labels and its input.

    Both load the model and run it once. docs/models.md explains each field.
    """
    from training.description.document import describe_folder, write_document
    from training.description.inspection import Options

    path = Path(model)
    if path.suffix not in NETWORKS:
        with find_model(model) as folder:
            lines = describe_folder(folder)
    else:
        if not path.is_file():
            raise ValueError(f"there is no file {path}")
        options = Options(
            layout=layout,
            size=size,
            color=color,
            dtype=dtype,
            output=output,
            values=values,
            mean=read_numbers("--mean", mean),
            deviation=read_numbers("--deviation", deviation),
            normalisation=normalisation,
            faces=faces,
        )
        lines = write_document(path, read_labels(labels), options, force)
    for line in lines:
        console.print(literal(line), soft_wrap=True)


def read_labels(text: str | None) -> list[str] | None:
    """The labels of the option --labels: names with commas between them, or the lines of a file."""
    if text is None:
        return None
    if "," in text:
        return [name.strip() for name in text.split(",")]
    try:
        return Path(text).read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise ValueError(f"--labels {text} is neither a list with commas nor a file: {error.strerror}") from None
    except UnicodeDecodeError:
        raise ValueError(f"--labels {text} is a file that is not text in UTF-8") from None


def read_numbers(option: str, text: str | None) -> list[float] | None:
    """The numbers of an option, with commas between them."""
    if text is None:
        return None
    try:
        return [float(number) for number in text.split(",")]
    except ValueError:
        raise ValueError(f"{option} {text} is not a list of numbers, such as 0.5,0.5,0.5") from None
