"""Runs a teacher on a GPU: the network of model.pt through PyTorch, because model.onnx runs on the processors here."""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from training.evaluation.measure import LoadedModel, probabilities
from training.evaluation.provenance import field

sys.path.insert(0, str(Path(__file__).parent.parent / "container"))

import torch

from contract import CHANNELS
from resnet import Classifier
from start import started_network
from weights import UnusableWeights, read_start

Run = Callable[[np.ndarray], np.ndarray]


class NoGpu(Exception):
    """The model can't run on a GPU. The text says why; it is empty if there is none."""


WEIGHTS = "model.pt"
# Images on which both are compared, and the largest difference of a probability: cuDNN adds in another order.
COMPARED, TOLERANCE = 64, 2e-3


def load_on_gpu(folder: Path, model: LoadedModel, images: np.ndarray, device: str = "cuda") -> Run:
    """The model as a function that runs on a GPU.

    folder: of the model.
    images: some that the model reads. On the first of them, the GPU has to give the probabilities of model.onnx.

    Raises NoGpu.
    """
    if device == "cuda" and not torch.cuda.is_available():
        raise NoGpu
    try:
        classifier = read_classifier(folder, model.contract.document).to(device).eval()
    except (UnusableWeights, LookupError, TypeError, AttributeError) as error:
        raise NoGpu(str(error) or type(error).__name__) from None
    # TensorFloat-32 would change the third digit of a probability.
    torch.backends.cudnn.allow_tf32 = False

    def run(part: np.ndarray) -> np.ndarray:
        with torch.inference_mode():
            rows: np.ndarray = classifier(torch.from_numpy(part).to(device)).cpu().numpy()
        return rows

    some = np.ascontiguousarray(images[:COMPARED])
    difference = np.abs(run(some) - probabilities(some, model)).max()
    # A comparison with not-a-number is false.
    if not difference <= TOLERANCE:
        raise NoGpu(f"{WEIGHTS} gives other probabilities than the model's file: they differ by {difference:.2g}")
    return run


def read_classifier(folder: Path, document: dict[str, Any]) -> Classifier:
    """The module of which train.py made model.onnx, from model.pt and model.json. Raises UnusableWeights."""
    if not (folder / WEIGHTS).is_file():
        raise UnusableWeights(f"there is no {WEIGHTS} beside its file")
    start = read_start(folder / WEIGHTS)
    labels, head = document["labels"], "classifier" if start.is_ours else "fc"
    if list(start.classes) != labels or not start.normalisation:
        raise UnusableWeights(f"{WEIGHTS} has other classes than model.json")
    channels = CHANNELS[document["input"]["color"]]
    options = argparse.Namespace(dropout=0.0, stem_stride=1, standardize=0)
    network = started_network(start, len(start.weights[f"{head}.weight"]), channels, options, labels)
    network.keep_outputs(len(labels))
    calibration = document["calibration"]
    temperature, smoothing = calibration["temperature"], calibration["label_smoothing"]
    return Classifier(network, *start.normalisation, averages_mirror_image(document), temperature, smoothing)


def averages_mirror_image(document: dict[str, Any]) -> bool:
    """Whether each answer of a model averages an image and its mirror image, as far as its model.json says."""
    # Models of earlier versions have it among their hyperparameters only.
    hyperparameter = field(document, "training", "hyperparameters", "flip")
    return field(document, "network", "flip") is True or hyperparameter == 1
