"""Trains a ResNet on faces: SageMaker's script mode, and the same by hand.

    python training/container/train.py --train DIR --validation DIR --model-dir DIR

Each channel's folder holds `faces.npz`: images, uint8 [n, height, width]; labels, int64 [n]; classes, str [k].
The model's folder gets `model.onnx` (what is served), `model.json` (labels and input contract), `model.pt` (the
weights, for further training) and `history.csv` (a row an epoch). An interrupted training goes on from
its last checkpoint. SageMaker hands hyperparameters over as command-line options, and folders in SM_* variables
(SageMaker Training Toolkit, "Environment variables").
"""

import argparse
import csv
import hashlib
import json
import math
import os
import platform
import sys
import time
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from resnet import Classifier, ResNet

# SageMaker copies this folder to S3 as the training goes, and back before a new attempt.
ON_SAGEMAKER = Path("/opt/ml")
CHECKPOINTS = ON_SAGEMAKER / "checkpoints" if ON_SAGEMAKER.is_dir() else Path("build/checkpoints")


def options(arguments: list[str] | None = None) -> argparse.Namespace:
    sagemaker = os.environ.get
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--train", type=Path, default=sagemaker("SM_CHANNEL_TRAIN"), help="folder of the training faces"
    )
    parser.add_argument(
        "--validation", type=Path, default=sagemaker("SM_CHANNEL_VALIDATION"), help="folder of the validation faces"
    )
    parser.add_argument("--model-dir", type=Path, default=sagemaker("SM_MODEL_DIR"), help="where the model goes")
    parser.add_argument("--checkpoints", type=Path, default=CHECKPOINTS, help="where the state of each epoch goes")
    parser.add_argument("--epochs", type=int, default=40)
    parser.add_argument("--batch-size", type=int, default=128)
    parser.add_argument("--learning-rate", type=float, default=0.1, help="the peak of the one-cycle schedule")
    parser.add_argument("--weight-decay", type=float, default=5e-4)
    parser.add_argument("--label-smoothing", type=float, default=0.1)
    parser.add_argument("--dropout", type=float, default=0.2)
    parser.add_argument("--averaging", type=float, default=0.999, help="decay of the moving average of weights, a step")
    parser.add_argument("--depth", type=int, default=18, choices=(10, 18, 34))
    parser.add_argument("--width", type=int, default=32)
    parser.add_argument("--stem-stride", type=int, default=1, choices=(1, 2))
    parser.add_argument(
        "--flip",
        type=int,
        default=0,
        choices=(0, 1),
        help="1: the served model averages a face and its mirror image, at twice the time",
    )
    parser.add_argument("--seed", type=int, default=0)
    chosen = parser.parse_args(arguments)
    for name in ("train", "validation", "model_dir"):
        if getattr(chosen, name) is None:
            parser.error(f"--{name.replace('_', '-')} is missing, and SageMaker's variable for it is not set")
    return chosen


def faces(channel: Path) -> tuple[Tensor, Tensor, list[str]]:
    """A channel → images, uint8 [n, 1, height, width]; labels, int64 [n]; the classes' names."""
    with np.load(channel / "faces.npz", allow_pickle=False) as arrays:
        images = torch.from_numpy(arrays["images"]).unsqueeze(1)
        return images, torch.from_numpy(arrays["labels"]), [str(name) for name in arrays["classes"]]


def augmented(x: Tensor, generator: torch.Generator) -> Tensor:
    """Normalised faces, float32 [n, 1, h, w] → the same, mirrored, moved, turned, scaled, lit and erased by chance.

    Rotation to 15 degrees, shift to 4 pixels of 48, scale 0.9 to 1.1, and a square of up to a third of the side
    set to the mean (Zhong et al., "Random Erasing Data Augmentation", 2017).
    """
    n, _, height, width = x.shape

    def uniform(low: float, high: float) -> Tensor:
        return torch.empty(n).uniform_(low, high, generator=generator).to(x.device)

    angle, scale = uniform(-math.pi / 12, math.pi / 12), uniform(0.9, 1.1)
    mirror = torch.where(uniform(0, 1) < 0.5, -1.0, 1.0)
    cosine, sine = torch.cos(angle) / scale, torch.sin(angle) / scale
    matrix = torch.stack(
        [
            torch.stack([cosine * mirror, -sine, uniform(-1 / 6, 1 / 6)], 1),
            torch.stack([sine * mirror, cosine, uniform(-1 / 6, 1 / 6)], 1),
        ],
        1,
    )
    grid = F.affine_grid(matrix, list(x.shape), align_corners=False)
    x = F.grid_sample(x, grid, mode="bilinear", padding_mode="border", align_corners=False)
    x = x * uniform(0.8, 1.2).view(n, 1, 1, 1) + uniform(-0.2, 0.2).view(n, 1, 1, 1)

    half = uniform(0, 1 / 6).view(n, 1, 1)
    row = (torch.arange(height, device=x.device).view(1, height, 1) + 0.5) / height - uniform(0, 1).view(n, 1, 1)
    column = (torch.arange(width, device=x.device).view(1, 1, width) + 0.5) / width - uniform(0, 1).view(n, 1, 1)
    erased = (row.abs() < half) & (column.abs() < half) & (uniform(0, 1).view(n, 1, 1) < 0.5)
    return x.masked_fill(erased.unsqueeze(1), 0.0)


@torch.inference_mode()
def scores(network: torch.nn.Module, x: Tensor, device: str, flip: bool) -> Tensor:
    """Normalised faces → logits, float32 [n, classes], on the CPU."""
    network.eval()
    logits = []
    for part in x.split(256):
        part = part.to(device)
        out = network(part)
        if flip:
            out = (out + network(torch.flip(part, dims=(3,)))) / 2
        logits.append(out.float().cpu())
    return torch.cat(logits)


def calibrated(logits: Tensor, labels: Tensor) -> float:
    """The temperature under which the validation labels are least surprising; one number can't learn them by heart."""
    temperatures = torch.logspace(-1, 1, 401)
    surprise = torch.stack([F.cross_entropy(logits / t, labels) for t in temperatures])
    return round(float(temperatures[surprise.argmin()]), 4)


def export(model: Classifier, folder: Path, classes: list[str], size: tuple[int, int], description: dict) -> None:
    """Writes model.onnx and model.json. Faces' count stays free, so that one call takes a batch of any size."""
    model.eval().cpu()
    example = torch.zeros(2, *size, dtype=torch.uint8)
    torch.onnx.export(
        model,
        (example,),
        folder / "model.onnx",
        dynamo=False,
        opset_version=17,
        input_names=["faces"],
        output_names=["probabilities"],
        dynamic_axes={"faces": {0: "n"}, "probabilities": {0: "n"}},
    )
    digest = hashlib.sha256((folder / "model.onnx").read_bytes()).hexdigest()
    contract = {
        "version": digest[:12],
        "labels": classes,
        "input": {"dtype": "uint8", "shape": ["n", *size], "color": "grayscale"},
        "normalisation": {"mean": model.mean, "deviation": model.deviation, "inside": "model.onnx"},
        "temperature": model.temperature,
        "output": {"dtype": "float32", "shape": ["n", len(classes)], "meaning": "probabilities"},
        **description,
    }
    (folder / "model.json").write_text(json.dumps(contract, indent=2) + "\n")


def main() -> None:
    chosen = options()
    hyperparameters = {name: value for name, value in vars(chosen).items() if not isinstance(value, Path)}
    torch.manual_seed(chosen.seed)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    images, labels, classes = faces(chosen.train)
    validation_images, validation_labels, validation_classes = faces(chosen.validation)
    if classes != validation_classes:
        sys.exit(f"{chosen.train} and {chosen.validation} name different classes: {classes}, {validation_classes}")
    mean, deviation = images.float().mean().item(), images.float().std().item()
    x = (images.float() - mean) / deviation
    validation_x = (validation_images.float() - mean) / deviation

    network = ResNet(len(classes), chosen.depth, chosen.width, chosen.stem_stride, chosen.dropout)
    network = network.to(device, memory_format=torch.channels_last)
    average = AveragedModel(network, multi_avg_fn=get_ema_multi_avg_fn(chosen.averaging), use_buffers=True)
    # Biases and normalisation's scales aren't decayed (He et al., "Bag of Tricks", 2018).
    decayed = [p for p in network.parameters() if p.ndim > 1]
    others = [p for p in network.parameters() if p.ndim <= 1]
    optimizer = torch.optim.SGD(
        [{"params": decayed, "weight_decay": chosen.weight_decay}, {"params": others, "weight_decay": 0.0}],
        lr=chosen.learning_rate,
        momentum=0.9,
        nesterov=True,
    )
    steps = len(labels) // chosen.batch_size
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, chosen.learning_rate, chosen.epochs * steps, pct_start=0.2
    )
    # bfloat16 is a few times faster where the processor multiplies it natively (Intel AMX, CUDA's tensor cores).
    reduced = device == "cuda" or torch.cpu.get_capabilities().get("amx_bf16", False)

    chosen.model_dir.mkdir(parents=True, exist_ok=True)
    chosen.checkpoints.mkdir(parents=True, exist_ok=True)
    checkpoint, first, history = chosen.checkpoints / "state.pt", 0, []
    if checkpoint.exists():
        state = torch.load(checkpoint, weights_only=True)
        if state["hyperparameters"] != hyperparameters:
            sys.exit(
                f"{checkpoint} is of a training with other hyperparameters; delete it, or name other --checkpoints"
            )
        for part, saved in zip((network, average, optimizer, schedule), state["parts"], strict=True):
            part.load_state_dict(saved)
        first, history = state["epoch"], state["history"]
        print(f"going on after epoch {first}, from {checkpoint}", flush=True)

    generator = torch.Generator()
    for epoch in range(first, chosen.epochs):
        began = time.monotonic()
        network.train()
        # Each epoch's chance follows from the seed and its number, so a resumed training is the same training.
        generator.manual_seed(chosen.seed * 100_003 + epoch)
        torch.manual_seed(chosen.seed * 100_003 + epoch)
        total = torch.zeros((), device=device)
        for batch in torch.randperm(len(labels), generator=generator).split(chosen.batch_size)[:steps]:
            inputs = augmented(x[batch].to(device), generator).to(memory_format=torch.channels_last)
            with torch.autocast(device, torch.bfloat16, enabled=reduced):
                logits = network(inputs)
            loss = F.cross_entropy(logits.float(), labels[batch].to(device), label_smoothing=chosen.label_smoothing)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            average.update_parameters(network)
            total += loss.detach()

        logits = scores(average, validation_x, device, bool(chosen.flip))
        surprise = F.cross_entropy(logits, validation_labels).item()
        correct = (logits.argmax(1) == validation_labels).float().mean().item()
        row = {
            "epoch": epoch + 1,
            "train_loss": round(total.item() / steps, 4),
            "validation_loss": round(surprise, 4),
            "validation_accuracy": round(correct, 4),
            "seconds": round(time.monotonic() - began, 1),
        }
        history.append(row)
        # The form that SageMaker's metric definitions read.
        print(" ".join(f"{name}={value};" for name, value in row.items()), flush=True)
        parts = [part.state_dict() for part in (network, average, optimizer, schedule)]
        state = {"epoch": epoch + 1, "parts": parts, "history": history, "hyperparameters": hyperparameters}
        torch.save(state, checkpoint.with_suffix(".new"))
        checkpoint.with_suffix(".new").replace(checkpoint)

    with (chosen.model_dir / "history.csv").open("w", newline="") as file:
        rows = csv.DictWriter(file, history[0], lineterminator="\n")
        rows.writeheader()
        rows.writerows(history)
    torch.save(average.module.state_dict(), chosen.model_dir / "model.pt")
    description = {
        "training": {
            "hyperparameters": hyperparameters,
            "faces": len(labels),
            "faces_sha256": hashlib.sha256(images.numpy().tobytes() + labels.numpy().tobytes()).hexdigest(),
            "validation_faces": len(validation_labels),
            "validation_accuracy": history[-1]["validation_accuracy"],
            "seconds": round(sum(row["seconds"] for row in history)),
            "machine": f"{platform.machine()}, {torch.get_num_threads()} threads"
            if device == "cpu"
            else torch.cuda.get_device_name(),
            "torch": torch.__version__,
        }
    }
    size = (images.shape[2], images.shape[3])
    temperature = calibrated(scores(average, validation_x, device, bool(chosen.flip)), validation_labels)
    model = Classifier(average.module, mean, deviation, bool(chosen.flip), temperature)
    export(model, chosen.model_dir, classes, size, description)


if __name__ == "__main__":
    main()
