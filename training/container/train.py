"""Trains a ResNet on faces: SageMaker's script mode, and the same by hand.

    python training/container/train.py --train DIR --validation DIR --model-dir DIR

Each channel's folder holds `faces.npz`: images, uint8 [n, height, width]; labels, int64 [n]; classes, str [k]; and, if
there are any, votes, uint8 [n, opinions].
The model's folder gets `model.onnx` (what is served), `model.json` (labels and input contract), `code` (what serves
it), `model.pt` (the weights, for further training) and `history.csv` (a row an epoch). The model is that of the epoch
with the best validation accuracy so far, and is written as soon as that has ended: a training that is stopped leaves
its best. One that was interrupted goes on from its last checkpoint. Under torchrun, each process takes its part of
every batch. SageMaker hands hyperparameters over as command-line options, and folders in SM_* variables (SageMaker
Training Toolkit, "Environment variables").
"""

import argparse
import copy
import csv
import hashlib
import os
import platform
import shutil
import signal
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import torch
import torch.distributed
from torch import Tensor
from torch.nn import functional as F
from torch.nn.parallel import DistributedDataParallel
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

import artifact
import faces
from resnet import Classifier, ResNet


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
    parser.add_argument(
        "--checkpoints", type=Path, help="where the state of each epoch goes (checkpoints, beside the model's folder)"
    )
    parser.add_argument("--epochs", type=int, default=40)
    parser.add_argument("--batch-size", type=int, default=128)
    parser.add_argument("--learning-rate", type=float, default=0.1, help="the peak of the one-cycle schedule")
    parser.add_argument("--weight-decay", type=float, default=5e-4)
    parser.add_argument("--label-smoothing", type=float, default=0.1)
    parser.add_argument(
        "--votes",
        type=float,
        default=0.0,
        help="weight of the loss of a second output, which learns the crowd's votes; it isn't exported",
    )
    parser.add_argument(
        "--augment",
        default=",".join(faces.AUGMENTATIONS),
        help="what chance does to a face while the network learns, separated by commas (%(default)s), or none",
    )
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
    unknown = set(chosen.augment.split(",")) - {*faces.AUGMENTATIONS, "none"}
    if unknown:
        parser.error(f"--augment: {', '.join(sorted(unknown))} is none of {', '.join(faces.AUGMENTATIONS)}")
    # SageMaker copies /opt/ml/checkpoints, beside /opt/ml/model, to S3 as the training goes, and back before a new try.
    chosen.checkpoints = chosen.checkpoints or chosen.model_dir.parent / "checkpoints"
    return chosen


@dataclass(frozen=True)
class Processes:
    """Which of how many processes this is, and where its tensors live."""

    rank: int
    count: int
    device: torch.device

    @staticmethod
    def joined() -> "Processes":
        """The processes that torchrun started, or this one alone."""
        count, local = int(os.environ.get("WORLD_SIZE", 1)), int(os.environ.get("LOCAL_RANK", 0))
        device = torch.device("cuda", local) if torch.cuda.is_available() else torch.device("cpu")
        if count > 1:
            torch.distributed.init_process_group("nccl" if device.type == "cuda" else "gloo")
        return Processes(int(os.environ.get("RANK", 0)), count, device)

    def any(self, here: bool) -> bool:
        """Whether it is so in any of the processes: all get the same answer, and act alike."""
        if self.count == 1:
            return here
        somewhere = torch.tensor(float(here), device=self.device)
        torch.distributed.all_reduce(somewhere, torch.distributed.ReduceOp.MAX)
        return bool(somewhere)


class Stop:
    """Whether the process was told to end. SageMaker sends SIGTERM, and kills two minutes later (StopTrainingJob)."""

    def __init__(self) -> None:
        self.asked = False
        signal.signal(signal.SIGTERM, self.ask)

    def ask(self, *_: object) -> None:
        self.asked = True


@torch.inference_mode()
def scores(network: torch.nn.Module, x: Tensor, device: torch.device, flip: bool) -> Tensor:
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


def machine(processes: Processes) -> str:
    if processes.device.type == "cuda":
        return f"{processes.count} x {torch.cuda.get_device_name()}"
    return f"{platform.machine()}, {processes.count * torch.get_num_threads()} threads"


def write_history(rows: list[dict[str, float]], folder: Path) -> None:
    with (folder / "history.csv").open("w", newline="") as file:
        table = csv.DictWriter(file, rows[0], lineterminator="\n")
        table.writeheader()
        table.writerows(rows)


def main() -> None:
    chosen, stop, processes = options(), Stop(), Processes.joined()
    device, first_process = processes.device, processes.rank == 0
    hyperparameters = {name: value for name, value in vars(chosen).items() if not isinstance(value, Path)}
    torch.manual_seed(chosen.seed)
    train, validation = faces.read(chosen.train), faces.read(chosen.validation)
    images, labels, classes = train.images, train.labels, train.classes
    if classes != validation.classes:
        sys.exit(f"{chosen.train} and {chosen.validation} name different classes: {classes}, {validation.classes}")
    opinions = train.votes.shape[1] if chosen.votes else 0
    if chosen.votes and not opinions:
        sys.exit(f"--votes {chosen.votes}, but {chosen.train} holds no votes: prepare it with --votes FILE")
    mean, deviation = images.float().mean().item(), images.float().std().item()
    x = (images.float() - mean) / deviation
    validation_x = (validation.images.float() - mean) / deviation

    network = ResNet(len(classes) + opinions, chosen.depth, chosen.width, chosen.stem_stride, chosen.dropout)
    network = network.to(device, memory_format=torch.channels_last)
    average = AveragedModel(network, multi_avg_fn=get_ema_multi_avg_fn(chosen.averaging), use_buffers=True)
    parallel = DistributedDataParallel(network) if processes.count > 1 else network
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
    # bfloat16 is a few times faster where the processor multiplies it natively: CUDA's tensor cores, AMX, AVX-512.
    native = torch.cpu.get_capabilities()
    reduced = device.type == "cuda" or any(native.get(name, False) for name in ("amx_bf16", "avx512_bf16"))

    chosen.model_dir.mkdir(parents=True, exist_ok=True)
    chosen.checkpoints.mkdir(parents=True, exist_ok=True)
    checkpoint, first, history, best = chosen.checkpoints / "state.pt", 0, [], 0.0
    # The best model so far is whole at any moment, here and in the model's folder: whatever ends the training, it
    # doesn't end that.
    kept = chosen.checkpoints / "best"
    if checkpoint.exists():
        state = torch.load(checkpoint, weights_only=True, map_location=device)
        if state["hyperparameters"] != hyperparameters:
            sys.exit(
                f"{checkpoint} is of a training with other hyperparameters; delete it, or name other --checkpoints"
            )
        for part, saved in zip((network, average, optimizer, schedule), state["parts"], strict=True):
            part.load_state_dict(saved)
        first, history, best = state["epoch"], state["history"], state["best"]
        if first_process:
            shutil.copytree(kept, chosen.model_dir, dirs_exist_ok=True)
            write_history(history, chosen.model_dir)
        print(f"going on after epoch {first}, from {checkpoint}", flush=True)

    order, chance = torch.Generator(), torch.Generator()
    for epoch in range(first, chosen.epochs):
        began = time.monotonic()
        network.train()
        # Each epoch's chance follows from the seed and its number, so a resumed training is the same training.
        order.manual_seed(chosen.seed * 100_003 + epoch)
        chance.manual_seed((chosen.seed * 100_003 + epoch) * 1_009 + processes.rank)
        torch.manual_seed((chosen.seed * 100_003 + epoch) * 1_009 + processes.rank)
        total = torch.zeros((), device=device)
        for whole in torch.randperm(len(labels), generator=order).split(chosen.batch_size)[:steps]:
            if processes.any(stop.asked):
                break
            batch = whole[processes.rank :: processes.count]
            inputs = faces.augmented(x[batch].to(device), chance, chosen.augment.split(","))
            inputs = inputs.to(memory_format=torch.channels_last)
            with torch.autocast(device.type, torch.bfloat16, enabled=reduced):
                logits = parallel(inputs)
            said, opinion = logits.float().split((len(classes), opinions), dim=1)
            loss = F.cross_entropy(said, labels[batch].to(device), label_smoothing=chosen.label_smoothing)
            if opinions:
                # Targets that are no distribution, but zeros, add nothing.
                loss = loss + chosen.votes * F.cross_entropy(opinion, train.votes[batch].to(device))
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            average.update_parameters(network)
            total += loss.detach()
        if processes.any(stop.asked):
            print(f"told to stop in epoch {epoch + 1}", flush=True)
            break

        if first_process:
            logits = scores(average, validation_x, device, bool(chosen.flip))[:, : len(classes)]
            surprise = F.cross_entropy(logits, validation.labels).item()
            correct = (logits.argmax(1) == validation.labels).float().mean().item()
            row = {
                "epoch": epoch + 1,
                "train_loss": round(total.item() / steps, 4),
                "validation_loss": round(surprise, 4),
                "validation_accuracy": round(correct, 4),
                "seconds": round(time.monotonic() - began, 1),
            }
            history.append(row)
            write_history(history, chosen.model_dir)
            if correct >= best:
                best = correct
                description = {
                    "hyperparameters": hyperparameters,
                    "faces": len(labels),
                    "faces_sha256": hashlib.sha256(images.numpy().tobytes() + labels.numpy().tobytes()).hexdigest(),
                    "epoch": epoch + 1,
                    "validation_faces": len(validation.labels),
                    "validation_accuracy": round(correct, 4),
                    "seconds": round(sum(row["seconds"] for row in history)),
                    "machine": machine(processes),
                    "torch": torch.__version__,
                }
                served = copy.deepcopy(average.module)
                served.only(len(classes))
                smoothing = chosen.label_smoothing
                temperature = artifact.calibrated(logits, validation.labels, smoothing)
                model = Classifier(served, mean, deviation, bool(chosen.flip), temperature, smoothing)
                artifact.write(model, kept, classes, (images.shape[2], images.shape[3]), {"training": description})
                torch.save(average.module.state_dict(), kept / "model.pt")
                shutil.copytree(kept, chosen.model_dir, dirs_exist_ok=True)
            # The form that SageMaker's metric definitions read.
            print(" ".join(f"{name}={value};" for name, value in row.items()), flush=True)
            state = {
                "epoch": epoch + 1,
                "parts": [part.state_dict() for part in (network, average, optimizer, schedule)],
                "history": history,
                "best": best,
                "hyperparameters": hyperparameters,
            }
            torch.save(state, checkpoint.with_suffix(".new"))
            checkpoint.with_suffix(".new").replace(checkpoint)

    if processes.count > 1:
        # Whoever left while others still talk to it would take them down.
        torch.distributed.barrier()
        torch.distributed.destroy_process_group()
    if first_process and not history:
        sys.exit("stopped before the first epoch ended: there is no model yet")


if __name__ == "__main__":
    main()
