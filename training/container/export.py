"""Writes a network as the model that is served, after ONNX Runtime has given the same probabilities as PyTorch."""

import argparse
import copy
import os
import shutil
from pathlib import Path

import numpy as np
import torch

import artifact
import contract
import weights
from checkpoint import Hyperparameters, State
from faces import Data
from losses import smoothing_of
from processes import Processes
from resnet import Classifier
from validation import Validated
from weights import Start

# Validation images on which model.onnx is compared with the network.
COMPARED = 16
# The largest difference of a probability. Both compute in float32, and differ by about 1e-6.
TOLERANCE = 1e-3


class ExportFailed(Exception):
    """The network can't be written as a model that works. The best model so far is still there."""


def write_model(
    folder: Path,
    options: argparse.Namespace,
    hyperparameters: Hyperparameters,
    data: Data,
    start: Start | None,
    state: State,
    chosen: Validated,
    processes: Processes,
) -> None:
    """Replaces a folder by one with the network, calibrated on the validation images.

    The new model is written beside the folder and tried there, so the folder has a complete model at any moment, except
    for the time of two renames. Raises ExportFailed, and leaves the folder as it is.
    """
    train, smoothing = data.train, smoothing_of(options)
    training = {
        "hyperparameters": hyperparameters,
        "faces": len(train),
        "faces_sha256": train.sha256,
        **({"start_from": {"file": start.name, "sha256": start.sha256}} if start else {}),
        **({"soft_labels": {"sha256": data.soft.sha256, **data.soft.description}} if data.soft else {}),
        "epoch": state.epoch,
        "weights": chosen.name,
        "validation_faces": len(data.validation),
        "validation_accuracy": round(chosen.measures.accuracy, 4),
        "validation_balanced_accuracy": round(chosen.measures.balanced_accuracy, 4),
        "seconds": round(sum(row["seconds"] for row in state.history)),
        "machine": processes.describe(),
        "torch": torch.__version__,
    }
    network = copy.deepcopy(chosen.network)
    network.keep_outputs(len(train.classes))
    temperature = artifact.fit_temperature(chosen.logits, data.validation.labels, smoothing)
    model = Classifier(network, *data.normalisation, bool(options.flip), temperature, smoothing)
    unfinished = folder.with_name(f"{folder.name}.new")
    shutil.rmtree(unfinished, ignore_errors=True)
    try:
        artifact.write(
            model,
            unfinished,
            train.classes,
            size=train.size,
            color=train.color,
            faces=data.faces,
            data=data.description,
            description={"training": training},
        )
        compare(unfinished / contract.DEFAULT_FILE, model, data.validation.images[:COMPARED])
    except ExportFailed:
        raise
    except Exception as error:
        # Whatever the exporter and ONNX Runtime raise, an hour of training must not end here.
        reason = str(error).strip().partition("\n")[0]
        raise ExportFailed(f"the network can't be exported: {type(error).__name__}: {reason}") from error
    details = {
        "classes": train.classes,
        "stem_stride": chosen.network.stem_stride,
        "standardize": chosen.network.standardize,
        "normalisation": data.normalisation,
    }
    weights.save(unfinished / "model.pt", chosen.network, details)
    replace(folder, unfinished)


def compare(path: Path, model: Classifier, images: torch.Tensor) -> None:
    """Runs an ONNX file on some images. Raises ExportFailed if its probabilities are not the model's.

    Without ONNX Runtime, nothing is compared, and a line says so.
    """
    # Set before the import: otherwise ONNX Runtime stores an identifier in the user's folder and sends usage events.
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"
    try:
        import onnxruntime
    except ImportError:
        print("ONNX Runtime is not installed here, so model.onnx was not compared with the network", flush=True)
        return
    with torch.inference_mode():
        expected = model(images).numpy()
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    [found] = session.run(None, {session.get_inputs()[0].name: images.numpy()})
    difference = np.abs(found - expected).max() if found.shape == expected.shape else np.inf
    # A comparison with not-a-number is false.
    if not difference <= TOLERANCE:
        raise ExportFailed(
            f"model.onnx gives other probabilities than the network: they differ by {difference:.2g}, and by at most "
            f"{TOLERANCE:g} if the export is right"
        )


def replace(folder: Path, new: Path) -> None:
    """Moves a folder to the place of another one, which is deleted."""
    old = folder.with_name(f"{folder.name}.old")
    shutil.rmtree(old, ignore_errors=True)
    if folder.exists():
        folder.rename(old)
    new.rename(folder)
    shutil.rmtree(old, ignore_errors=True)
