"""The command that makes a model of 8-bit integers: quantize."""

from pathlib import Path
from typing import Annotated

import typer

from training.console import console, print_plain
from training.model_source import find_model


def quantize(
    model: Annotated[
        str, typer.Argument(metavar="MODEL", show_default=False, help="An ONNX model, by the words of `evaluate`.")
    ],
    data: Annotated[
        Path,
        typer.Option(
            exists=True,
            file_okay=False,
            help="Folder that `prepare` wrote. Its training images show which values the network computes.",
        ),
    ],
    output: Annotated[Path, typer.Option(help="Folder to write model.onnx and model.json into.")],
    images: Annotated[int, typer.Option(min=1, help="How many training images are used. They are drawn.")] = 512,
    seed: Annotated[int, typer.Option(min=0, help="Which images are drawn.")] = 0,
) -> None:
    """Write a model that computes with 8-bit integers. It is smaller, and faster on processors made for them.

    Weights become int8, with a scale for each channel, and the values between the layers uint8. Their range is that of
    some training images. The labels can change: measure both models with `evaluate`.

    \b
    Example:
      python -m training quantize models --data build/fer2013 --output build/int8
      python -m training evaluate build/fer2013 --model build/int8 --against models
    """
    from training.evaluation.channels import TRAINING, find_channel
    from training.evaluation.measure import load_model
    from training.evaluation.sources import name_of, read_channel
    from training.quantization.static import quantize_model

    if (output / "model.json").exists():
        raise ValueError(f"{output} has a model already: give another folder with --output")
    with find_model(model) as folder:
        loaded = load_model(folder, model)
        training_images = read_channel(find_channel(data, TRAINING) or data, loaded).images
        word = model if model.startswith("s3://") else name_of(Path(model))
        command = (
            f"python -m training quantize {word} --data {name_of(data)} --output {name_of(output)}"
            f" --images {images} --seed {seed}"
        )
        with console.status("running the model on training images"):
            version = quantize_model(folder, training_images, images, seed, output, command)
        before = (folder / loaded.contract.file).stat().st_size
    after = (output / "model.onnx").stat().st_size
    print_plain(f"model {version}, {after / 1e6:.1f} MB instead of {before / 1e6:.1f}, is written to {output}")
