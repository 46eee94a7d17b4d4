"""The command line of train.py. SageMaker passes hyperparameters as options, and folders as SM_* variables.

Source: SageMaker Training Toolkit, "Environment variables".
"""

import argparse
import os
from pathlib import Path

from augment import AUGMENTATIONS


def parse_arguments(arguments: list[str] | None = None, description: str | None = None) -> argparse.Namespace:
    """Parses train.py's options; by default those of this process. An error ends the process with a message."""
    variable = os.environ.get
    parser = argparse.ArgumentParser(
        prog="train.py", description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    folders = parser.add_argument_group("folders")
    folders.add_argument(
        "--train", type=Path, default=variable("SM_CHANNEL_TRAIN"), help="folder with the training faces (faces.npz)"
    )
    folders.add_argument(
        "--validation",
        type=Path,
        default=variable("SM_CHANNEL_VALIDATION"),
        help="folder with the validation faces (faces.npz)",
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

    learning = parser.add_argument_group("learning")
    network = parser.add_argument_group("network")
    # model.json lists the hyperparameters in this order.
    learning.add_argument(
        "--epochs", type=int, default=40, help="passes over the training faces (default: %(default)s)"
    )
    learning.add_argument(
        "--batch-size", type=int, default=128, help="faces per step, over all processes (default: %(default)s)"
    )
    learning.add_argument(
        "--learning-rate", type=float, default=0.1, help="peak of the one-cycle schedule (default: %(default)s)"
    )
    learning.add_argument(
        "--weight-decay", type=float, default=5e-4, help="of the convolutions' weights (default: %(default)s)"
    )
    learning.add_argument(
        "--label-smoothing",
        type=float,
        default=0.1,
        help="share of each label that is spread over all classes (default: %(default)s)",
    )
    learning.add_argument(
        "--votes",
        type=float,
        default=0.0,
        help="weight of the loss of a second output, which learns the FER+ votes and is not exported; 0 leaves it out "
        "(default: %(default)s)",
    )
    learning.add_argument(
        "--augment",
        default=",".join(AUGMENTATIONS),
        help="random changes of the training faces, separated by commas, or none (default: %(default)s)",
    )
    network.add_argument(
        "--dropout",
        type=float,
        default=0.2,
        help="probability of dropping a feature before the classifier (default: %(default)s)",
    )
    learning.add_argument(
        "--averaging",
        type=float,
        default=0.999,
        help="decay per step of the weights' moving average, after the first steps; the better of it and the last "
        "weights is exported (default: %(default)s)",
    )
    network.add_argument("--depth", type=int, default=18, choices=(10, 18, 34), help="layers (default: %(default)s)")
    network.add_argument("--width", type=int, default=32, help="channels of the first stage (default: %(default)s)")
    network.add_argument(
        "--stem-stride",
        type=int,
        default=1,
        choices=(1, 2),
        help="stride of the first convolution; 2 takes a quarter of the time (default: %(default)s)",
    )
    network.add_argument(
        "--flip",
        type=int,
        default=0,
        choices=(0, 1),
        help="1: the served model averages a face and its mirror image, which takes twice the time (default: "
        "%(default)s)",
    )
    learning.add_argument("--seed", type=int, default=0, help="seed of all random numbers (default: %(default)s)")

    options = parser.parse_args(arguments)
    for name in ("train", "validation", "model_dir"):
        if getattr(options, name) is None:
            parser.error(f"--{name.replace('_', '-')} is missing, and SageMaker's variable for it is not set")
    unknown = set(options.augment.split(",")) - {*AUGMENTATIONS, "none"}
    if unknown:
        parser.error(
            f"--augment: {', '.join(sorted(unknown))} is unknown; choose from {', '.join(AUGMENTATIONS)}, none"
        )
    # During the training, SageMaker copies /opt/ml/checkpoints to S3, and before another attempt it copies them back.
    # That folder is beside /opt/ml/model.
    options.checkpoints = options.checkpoints or options.model_dir.parent / "checkpoints"
    return options
