"""The command line of train.py. SageMaker passes hyperparameters as options, and folders as SM_* variables.

The launcher checks a recipe's hyperparameters with it before a job costs anything, so this file imports no PyTorch.
Source: SageMaker Training Toolkit, "Environment variables".
"""

import argparse
import math
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NoReturn

# Random changes of the training images. augment.py describes them.
AUGMENTATIONS = ("mirror", "shift", "rotation", "scale", "light", "erasing")
# One more, which quality.py describes. Networks learn longer with it, so it is not a default.
QUALITY = "quality"
# What the best model has the best of, on the validation images.
BEST_BY = ("accuracy", "balanced_accuracy", "loss")


class InvalidOptions(ValueError):
    """The options can't start a training. The text names the first one that is wrong."""


class Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise InvalidOptions(message)


def whole_number(low: int) -> Callable[[str], int]:
    """Returns a type of options: whole numbers from `low` on."""

    def parse(text: str) -> int:
        try:
            value = int(text)
        except ValueError:
            raise argparse.ArgumentTypeError(f"{text!r} is not a whole number") from None
        if value < low:
            raise argparse.ArgumentTypeError(f"{value} is less than {low}")
        return value

    return parse


def fraction(text: str) -> float:
    """A type of options: numbers from 0 on that are less than 1."""
    value = number(text)
    if not value < 1:
        raise argparse.ArgumentTypeError(f"{text} is not less than 1")
    return value


def share(text: str) -> float:
    """A type of options: numbers from 0 to 1."""
    value = number(text)
    if value > 1:
        raise argparse.ArgumentTypeError(f"{text} is more than 1")
    return value


def number(text: str) -> float:
    """A type of options: finite numbers from 0 on."""
    try:
        value = float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number") from None
    if not 0 <= value < math.inf:
        raise argparse.ArgumentTypeError(f"{text} is not a finite number of 0 or more")
    return value


def positive(text: str) -> float:
    """A type of options: finite numbers above 0."""
    value = number(text)
    if value == 0:
        raise argparse.ArgumentTypeError("0 is not more than 0")
    return value


def augmentations(text: str) -> str:
    """A type of options: names of AUGMENTATIONS, and QUALITY, separated by commas, or `none`."""
    known = (*AUGMENTATIONS, QUALITY, "none")
    unknown = set(text.split(",")) - {*known}
    if unknown:
        raise argparse.ArgumentTypeError(f"{', '.join(sorted(unknown))} is unknown; choose from {', '.join(known)}")
    return text


def parse_arguments(arguments: Sequence[str] | None = None, description: str | None = None) -> argparse.Namespace:
    """Parses train.py's options; by default those of this process. Raises InvalidOptions."""
    variable = os.environ.get
    parser = Parser(
        prog="train.py",
        description=description,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        # An option that is cut off would be another one as soon as a longer option is added.
        allow_abbrev=False,
    )
    folders = parser.add_argument_group("folders")
    folders.add_argument(
        "--train", type=Path, default=variable("SM_CHANNEL_TRAIN"), help="folder with the training images (faces.npz)"
    )
    folders.add_argument(
        "--validation",
        type=Path,
        default=variable("SM_CHANNEL_VALIDATION"),
        help="folder with the validation images (faces.npz)",
    )
    folders.add_argument(
        "--model-dir", type=Path, default=variable("SM_MODEL_DIR"), help="folder to write the model into"
    )
    folders.add_argument(
        "--checkpoints",
        type=Path,
        help="folder for the state after each epoch; a training that finds one there continues from it (default: "
        "checkpoints, beside the model's folder)",
    )
    folders.add_argument(
        "--start-from",
        type=Path,
        help="file of weights to start from: model.pt or model.onnx of a training, or a ResNet of torchvision or timm "
        "(state_dict, .pt, .pth or .safetensors). If there is a channel `weights`, a file of this name in it. Such a "
        "training needs a low --learning-rate, such as 0.01",
    )

    learning = parser.add_argument_group("learning")
    network = parser.add_argument_group("network")
    # model.json lists the hyperparameters in this order.
    learning.add_argument(
        "--epochs", type=whole_number(1), default=40, help="passes over the training images (default: %(default)s)"
    )
    learning.add_argument(
        "--batch-size",
        type=whole_number(1),
        default=128,
        help="images per step, over all processes (default: %(default)s)",
    )
    learning.add_argument(
        "--learning-rate", type=positive, default=0.1, help="peak of the one-cycle schedule (default: %(default)s)"
    )
    learning.add_argument(
        "--weight-decay", type=number, default=5e-4, help="of the convolutions' weights (default: %(default)s)"
    )
    learning.add_argument(
        "--label-smoothing",
        type=fraction,
        default=0.1,
        help="share of each label that is spread over all classes (default: %(default)s)",
    )
    learning.add_argument(
        "--votes",
        type=number,
        default=0.0,
        help="weight of the loss of a second output, which learns the FER+ votes and is not exported; not used if the "
        "data has none (default: %(default)s)",
    )
    learning.add_argument(
        "--soft-labels",
        type=share,
        default=0.0,
        help="weight of the loss by teachers' probabilities, from 0 to 1; that by the labels has the rest. They are in "
        "soft_labels.npz, beside the training images (default: %(default)s)",
    )
    learning.add_argument(
        "--soft-temperature",
        type=positive,
        default=1.0,
        help="of the soft labels: above 1, their small probabilities count more (default: %(default)s)",
    )
    learning.add_argument(
        "--augment",
        type=augmentations,
        default=",".join(AUGMENTATIONS),
        help="random changes of the training images, separated by commas, or none; `quality` blurs, darkens, disturbs "
        "and compresses some, as photos do (default: %(default)s)",
    )
    learning.add_argument(
        "--quality-share",
        type=share,
        default=0.2,
        help="share of the training images that `quality` blurs, and as many for noise, compression and darkness; with "
        "0.2, about three in five images are changed (default: %(default)s)",
    )
    network.add_argument(
        "--dropout",
        type=fraction,
        default=0.2,
        help="probability of dropping a feature before the classifier (default: %(default)s)",
    )
    learning.add_argument(
        "--averaging",
        type=fraction,
        default=0.999,
        help="decay per step of the weights' moving average, after the first steps; the better of it and the last "
        "weights is exported (default: %(default)s)",
    )
    network.add_argument("--depth", type=int, default=18, choices=(10, 18, 34), help="layers (default: %(default)s)")
    network.add_argument(
        "--width", type=whole_number(1), default=32, help="channels of the first stage (default: %(default)s)"
    )
    network.add_argument(
        "--stem-stride",
        type=int,
        default=1,
        choices=(1, 2),
        help="stride of the first convolution; 2 takes a quarter of the time; images from 128 pixels on have a "
        "stem of their own (default: %(default)s)",
    )
    network.add_argument(
        "--standardize",
        type=int,
        default=0,
        choices=(0, 1),
        help="1: the network first brings each image to the same brightness and contrast (default: %(default)s)",
    )
    network.add_argument(
        "--flip",
        type=int,
        default=0,
        choices=(0, 1),
        help="1: the served model averages an image and its mirror image, which takes twice the time (default: "
        "%(default)s)",
    )
    learning.add_argument(
        "--best-by",
        default="accuracy",
        choices=BEST_BY,
        help="what the exported model has the best of, on the validation images (default: %(default)s)",
    )
    learning.add_argument(
        "--patience",
        type=whole_number(0),
        default=0,
        help="stop after this number of epochs without a better model; 0 trains all epochs (default: %(default)s)",
    )
    learning.add_argument(
        "--class-weights",
        default="none",
        choices=("none", "balanced"),
        help="balanced: an image of a rare class counts more, so that all classes count alike (default: %(default)s)",
    )
    learning.add_argument(
        "--sampler",
        default="random",
        choices=("random", "balanced"),
        help="balanced: an epoch draws all classes equally often, and repeats images of rare classes (default: "
        "%(default)s)",
    )
    learning.add_argument(
        "--seed", type=whole_number(0), default=0, help="seed of all random numbers (default: %(default)s)"
    )

    options = parser.parse_args(arguments)
    if options.class_weights == options.sampler == "balanced":
        parser.error(
            "--class-weights balanced and --sampler balanced would count rare classes twice: choose one of them"
        )
    for name in ("train", "validation", "model_dir"):
        if getattr(options, name) is None:
            parser.error(f"--{name.replace('_', '-')} is missing, and SageMaker's variable for it is not set")
    in_channel = Path(variable("SM_CHANNEL_WEIGHTS", ""), options.start_from.name) if options.start_from else None
    if variable("SM_CHANNEL_WEIGHTS") and in_channel and in_channel.exists():
        options.start_from = in_channel
    # During the training, SageMaker copies /opt/ml/checkpoints to S3, and before another attempt it copies them back.
    # That folder is beside /opt/ml/model.
    options.checkpoints = options.checkpoints or options.model_dir.parent / "checkpoints"
    return options
