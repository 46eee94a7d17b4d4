"""Trains a ResNet on labelled images, on SageMaker (script mode) or by hand.

    python training/container/train.py --train DIR --validation DIR --model-dir DIR

Reads faces.npz from each channel's folder: images, uint8 [n, size, size], gray, or [n, size, size, 3], RGB; labels,
int64 [n]; classes, str [k]; and, if there are any, votes, uint8 [n, answers].

Writes to the model's folder:
    model.onnx     the network that is served
    model.json     labels, input contract and hyperparameters
    code/          the code that serves it
    model.pt       the weights, for further training
    history.csv    one row per epoch

Each epoch is validated twice: with the last weights, and with their moving average. The model is the one with the best
validation accuracy so far, of either kind. It is written at the end of each epoch that improves it, so a training that
is stopped leaves its best model. An interrupted training continues from its last checkpoint. A finished one continues
if it is started again with more epochs. Under torchrun, each process trains on its part of every batch.
"""

import argparse
import copy
import csv
import shutil
import sys
import time
from pathlib import Path

import torch
from torch.nn import functional as F
from torch.nn.parallel import DistributedDataParallel

import artifact
import contract
import faces
from arguments import InvalidOptions, parse_arguments
from augment import augment
from averaging import average_weights
from checkpoint import Hyperparameters, OtherTraining, State
from faces import Data, InvalidData
from processes import Processes, StopSignal
from resnet import LARGE, Classifier, Normalise, ResNet
from validation import Validated, better, validate

# Random generators are seeded with one number per epoch, and one per epoch and process, so that a resumed training
# draws the same numbers as an uninterrupted one. These factors keep the seeds distinct: the first exceeds any number of
# epochs, the second any number of processes.
SEED_STRIDE = 100_003
EPOCH_STRIDE = 1_009
# Share of the steps in which the learning rate rises.
WARM_UP = 0.2


def main() -> None:
    try:
        options = parse_arguments(description=__doc__)
    except InvalidOptions as error:
        sys.exit(f"train.py: {error} (--help lists all options)")
    stop = StopSignal()
    processes = Processes.join()
    torch.manual_seed(options.seed)

    data = load_data(options)
    if options.votes and not data.train.votes.shape[1]:
        print("the data has no votes, so --votes is not used", flush=True)
        options.votes = 0.0
    hyperparameters = {name: value for name, value in vars(options).items() if not isinstance(value, Path)}
    normalise = Normalise(*data.normalisation).to(processes.device)
    state = initial_state(options, data, processes)
    parallel = DistributedDataParallel(state.network) if processes.count > 1 else state.network

    # Each better model is written into the checkpoints first, and then copied to the model's folder: whenever the
    # training ends, at least one of them is complete.
    best_model = options.checkpoints / "best"
    checkpoint = options.checkpoints / "state.pt"
    options.model_dir.mkdir(parents=True, exist_ok=True)
    options.checkpoints.mkdir(parents=True, exist_ok=True)
    if checkpoint.exists():
        try:
            if state.restore(checkpoint, hyperparameters, data.sha256, processes.device):
                state.schedule = one_cycle(options, data, state.optimizer, options.epochs - state.epoch)
        except OtherTraining as error:
            sys.exit(str(error))
        if processes.is_first:
            shutil.copytree(best_model, options.model_dir, dirs_exist_ok=True)
            write_history(state.history, options.model_dir)
        print(f"continuing after epoch {state.epoch}, from {checkpoint}", flush=True)

    while state.epoch < options.epochs:
        started = time.monotonic()
        train_loss = train_epoch(options, data, normalise, state, parallel, processes, stop)
        if train_loss is None:
            print(f"stopped by SIGTERM in epoch {state.epoch + 1}", flush=True)
            break
        state.epoch += 1
        # One process validates and writes for all. The others wait for it in the next epoch's first step.
        if not processes.is_first:
            continue

        averaged, last = (
            validate(name, network, normalise, data.validation, bool(options.flip))
            for name, network in (("averaged", state.average.module), ("last", state.network))
        )
        chosen = better(averaged, last)
        row = {
            "epoch": state.epoch,
            "train_loss": round(train_loss, 4),
            "validation_loss": round(chosen.loss, 4),
            "validation_accuracy": round(chosen.accuracy, 4),
            "averaged_accuracy": round(averaged.accuracy, 4),
            "last_accuracy": round(last.accuracy, 4),
            "seconds": round(time.monotonic() - started, 1),
        }
        state.history.append(row)
        write_history(state.history, options.model_dir)
        if chosen.accuracy >= state.best_accuracy:
            state.best_accuracy = chosen.accuracy
            write_model(best_model, options, hyperparameters, data, state, chosen, processes)
            shutil.copytree(best_model, options.model_dir, dirs_exist_ok=True)
        # SageMaker's metric definitions read this format (training/jobs/metrics.py).
        print(" ".join(f"{name}={value};" for name, value in row.items()), flush=True)
        state.save(checkpoint, hyperparameters, data.sha256)

    processes.leave()
    if processes.is_first and not state.history:
        sys.exit("stopped before the first epoch ended, so there is no model")


def load_data(options: argparse.Namespace) -> Data:
    """Reads both channels. Ends the process with a message if they do not fit each other or the options."""
    try:
        data = faces.read_both(options.train, options.validation)
    except InvalidData as error:
        sys.exit(str(error))
    if options.batch_size > len(data.train):
        sys.exit(f"--batch-size {options.batch_size} is more than the {len(data.train)} faces of {options.train}")
    return data


def initial_state(options: argparse.Namespace, data: Data, processes: Processes) -> State:
    """The network with random weights, and its optimizer."""
    # One output per class and, if votes are learned, one per answer that people could give.
    outputs = len(data.train.classes) + (data.train.votes.shape[1] if options.votes else 0)
    network = ResNet(
        outputs,
        options.depth,
        options.width,
        options.stem_stride,
        options.dropout,
        channels=contract.CHANNELS[data.train.color],
        large=data.train.size >= LARGE,
    )
    network = network.to(processes.device, memory_format=torch.channels_last)
    average = average_weights(network, options.averaging)
    # Weight decay is for weights only, not for biases and normalisation (He et al., "Bag of Tricks", 2018).
    weights = [parameter for parameter in network.parameters() if parameter.ndim > 1]
    others = [parameter for parameter in network.parameters() if parameter.ndim <= 1]
    optimizer = torch.optim.SGD(
        [{"params": weights, "weight_decay": options.weight_decay}, {"params": others, "weight_decay": 0.0}],
        lr=options.learning_rate,
        momentum=0.9,
        nesterov=True,
    )
    return State(network, average, optimizer, one_cycle(options, data, optimizer, options.epochs))


def one_cycle(
    options: argparse.Namespace, data: Data, optimizer: torch.optim.Optimizer, epochs: int
) -> torch.optim.lr_scheduler.LRScheduler:
    """The learning rate of the next epochs: it begins low, rises to its peak, and falls to almost zero.

    A training that continues for more epochs than it was begun for gets another such cycle. Its accuracy first falls,
    and the best model so far is kept until a better one exists (Loshchilov and Hutter, "SGDR", 2017).
    """
    steps = epochs * steps_per_epoch(options, data)
    return torch.optim.lr_scheduler.OneCycleLR(optimizer, options.learning_rate, steps, pct_start=WARM_UP)


def steps_per_epoch(options: argparse.Namespace, data: Data) -> int:
    """Only whole batches are used: each epoch leaves out another few faces."""
    return len(data.train) // int(options.batch_size)


def train_epoch(
    options: argparse.Namespace,
    data: Data,
    normalise: Normalise,
    state: State,
    parallel: torch.nn.Module,
    processes: Processes,
    stop: StopSignal,
) -> float | None:
    """Trains the network for one epoch. Returns the mean loss, or None if the training was stopped meanwhile.

    parallel: the network, wrapped so that its gradients are averaged over all processes.
    """
    device = processes.device
    steps = steps_per_epoch(options, data)
    classes = len(data.train.classes)
    use_bf16 = processes.multiplies_bf16()
    kinds = options.augment.split(",")
    epoch_seed = options.seed * SEED_STRIDE + state.epoch
    process_seed = epoch_seed * EPOCH_STRIDE + processes.rank
    # All processes draw the same order of faces. Each one has its own augmentation, and its own dropout.
    order = torch.randperm(len(data.train), generator=torch.Generator().manual_seed(epoch_seed))
    augmentation = torch.Generator().manual_seed(process_seed)
    torch.manual_seed(process_seed)

    state.network.train()
    total_loss = torch.zeros((), device=device)
    for whole_batch in order.split(options.batch_size)[:steps]:
        if processes.any(stop.received):
            return None
        batch = whole_batch[processes.rank :: processes.count]
        inputs = augment(normalise(data.train.images[batch].to(device)), augmentation, kinds)
        inputs = inputs.to(memory_format=torch.channels_last)
        with torch.autocast(device.type, torch.bfloat16, enabled=use_bf16):
            logits = parallel(inputs).float()
        class_logits, vote_logits = logits[:, :classes], logits[:, classes:]
        labels = data.train.labels[batch].to(device)
        loss = F.cross_entropy(class_logits, labels, label_smoothing=options.label_smoothing)
        if options.votes:
            # A face without votes has zeros as its target, and adds nothing to the loss.
            loss = loss + options.votes * F.cross_entropy(vote_logits, data.train.votes[batch].to(device))
        state.optimizer.zero_grad()
        loss.backward()
        state.optimizer.step()
        state.schedule.step()
        state.average.update_parameters(state.network)
        total_loss += loss.detach()
    return None if processes.any(stop.received) else total_loss.item() / steps


def write_model(
    folder: Path,
    options: argparse.Namespace,
    hyperparameters: Hyperparameters,
    data: Data,
    state: State,
    chosen: Validated,
    processes: Processes,
) -> None:
    """Writes a network as the model that is served, calibrated on the validation faces."""
    train, smoothing = data.train, options.label_smoothing
    description = {
        "hyperparameters": hyperparameters,
        "faces": len(train),
        "faces_sha256": train.sha256,
        "epoch": state.epoch,
        "weights": chosen.name,
        "validation_faces": len(data.validation),
        "validation_accuracy": round(state.best_accuracy, 4),
        "seconds": round(sum(row["seconds"] for row in state.history)),
        "machine": processes.describe(),
        "torch": torch.__version__,
    }
    network = copy.deepcopy(chosen.network)
    network.keep_outputs(len(train.classes))
    temperature = artifact.fit_temperature(chosen.logits, data.validation.labels, smoothing)
    model = Classifier(network, *data.normalisation, bool(options.flip), temperature, smoothing)
    artifact.write(
        model,
        folder,
        train.classes,
        size=train.size,
        color=train.color,
        faces=data.faces,
        data=data.description,
        description={"training": description},
    )
    torch.save(chosen.network.state_dict(), folder / "model.pt")


def write_history(rows: list[dict[str, float]], folder: Path) -> None:
    with (folder / "history.csv").open("w", newline="") as file:
        table = csv.DictWriter(file, rows[0], lineterminator="\n")
        table.writeheader()
        table.writerows(rows)


if __name__ == "__main__":
    main()
