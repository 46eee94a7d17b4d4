"""Trains a ResNet on labelled images, on SageMaker (script mode) or by hand.

    python training/container/train.py --train DIR --validation DIR --model-dir DIR

Reads faces.npz from each channel's folder: images, uint8 [n, size, size], gray, or [n, size, size, 3], RGB; labels,
int64 [n]; classes, str [k]; and, if there are any, votes, uint8 [n, answers]. With --soft-labels, it reads
soft_labels.npz, beside the training images, too.

Writes to the model's folder:
    model.onnx     the network that is served
    model.json     labels, input contract and hyperparameters
    code/          the code that serves it
    model.pt       the weights, for further training
    history.csv    one row per epoch

Each epoch is validated twice: with the last weights, and with their moving average. The model is the best one so far,
of either kind, by what --best-by says. It is written at the end of each epoch that improves it, so a training that is
stopped leaves its best model. An interrupted training continues from its last checkpoint, and a finished one if it is
started again with more epochs. Under torchrun, each process trains on its part of every batch.
"""

import argparse
import dataclasses
import math
import shutil
import sys
import time
from dataclasses import dataclass

import torch
from torch import nn
from torch.nn.parallel import DistributedDataParallel

import faces
import failures
import quality
import soft_labels
from arguments import QUALITY, InvalidOptions, parse_arguments
from augment import augment
from batches import class_weights, draw_batches, steps_per_epoch
from checkpoint import State, UnusableCheckpoint, hyperparameters_of
from export import ExportFailed, write_model
from faces import Data, InvalidData
from losses import training_loss
from measures import Measures, Tally
from processes import Processes, StopSignal
from progress import Progress, print_row, write_history
from resnet import Normalise
from start import initial_state, one_cycle, read_weights, started_data
from validation import better, validate
from weights import UnusableWeights

# Random generators are seeded with one number per epoch, and one per epoch and process, so that a resumed training
# draws the same numbers as an uninterrupted one. These factors keep the seeds distinct: the first exceeds any number of
# epochs, the second any number of processes.
SEED_STRIDE = 100_003
EPOCH_STRIDE = 1_009


def main() -> None:
    try:
        options = parse_arguments(description=__doc__)
    except InvalidOptions as error:
        sys.exit(f"train.py: {error} (--help lists all options)")
    with failures.as_sentences(options):
        train(options)


def train(options: argparse.Namespace) -> None:
    stop = StopSignal()
    processes = Processes.join()
    torch.manual_seed(options.seed)

    data = load_data(options, processes)
    if options.votes and not data.train.votes.shape[1]:
        processes.say("the data has no votes, so --votes is not used")
        options.votes = 0.0
    hyperparameters = hyperparameters_of(options)
    try:
        start = read_weights(options.start_from) if options.start_from else None
        data = started_data(data, start)
        state = initial_state(options, data, start, processes)
    except UnusableWeights as error:
        sys.exit(str(error))
    if start:
        hyperparameters["start_from"] = start.name
    normalise = Normalise(*data.normalisation).to(processes.device)
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
        except UnusableCheckpoint as error:
            sys.exit(str(error))
        if processes.is_first:
            if best_model.exists():
                shutil.copytree(best_model, options.model_dir, dirs_exist_ok=True)
            write_history(state.history, options.model_dir)
        processes.say(f"continuing after epoch {state.epoch}, from {checkpoint}")

    progress = Progress(options.epochs, state.epoch, steps_per_epoch(len(data.train), options.batch_size))
    while state.epoch < options.epochs:
        # One process validates and writes for all. The others wait for it here.
        if processes.any(0 < options.patience <= state.stale):
            processes.say(f"stopped after epoch {state.epoch}: no better model in {options.patience} epochs")
            break
        started = time.monotonic()
        trained = train_epoch(options, data, normalise, state, parallel, processes, stop, progress)
        if trained is None:
            print(f"stopped by SIGTERM in epoch {state.epoch + 1}", flush=True)
            break
        if not math.isfinite(trained.optimised_loss):
            processes.say(f"stopped in epoch {state.epoch + 1}: the loss is not finite. Use a lower --learning-rate")
            break
        state.epoch += 1
        if not processes.is_first:
            continue

        averaged, last = (
            validate(name, network, normalise, data.validation, bool(options.flip))
            for name, network in (("averaged", state.average.module), ("last", state.network))
        )
        chosen = better(averaged, last, options.best_by)
        row = {
            "epoch": state.epoch,
            "learning_rate": round(trained.learning_rate, 9),
            **trained.measures.columns("train"),
            "optimised_loss": round(trained.optimised_loss, 4),
            **chosen.measures.columns("validation"),
            "averaged_accuracy": round(averaged.measures.accuracy, 4),
            "last_accuracy": round(last.measures.accuracy, 4),
            "seconds": round(time.monotonic() - started, 1),
        }
        state.history.append(row)
        write_history(state.history, options.model_dir)
        score = chosen.score(options.best_by)
        if score >= state.best_score:
            try:
                write_model(best_model, options, hyperparameters, data, start, state, chosen, processes)
                shutil.copytree(best_model, options.model_dir, dirs_exist_ok=True)
            except ExportFailed as error:
                print(f"epoch {state.epoch} has no model, and the best one before it is kept: {error}", flush=True)
                score = -math.inf
        print_row(row)
        state.keep_score(score)
        state.save(checkpoint, hyperparameters, data.sha256)

    failed = processes.is_first and not best_model.exists()
    processes.end("no epoch has ended with a model that can be served, so there is no model" if failed else None)


def load_data(options: argparse.Namespace, processes: Processes) -> Data:
    """Reads both channels. Ends the process with a message if they do not fit each other or the options."""
    try:
        data = faces.read_both(options.train, options.validation)
        if options.soft_labels:
            soft = soft_labels.read(options.train, data.train, options.soft_temperature)
            data = dataclasses.replace(data, soft=soft)
    except InvalidData as error:
        sys.exit(str(error))
    if options.batch_size > len(data.train):
        sys.exit(f"--batch-size {options.batch_size} is more than the {len(data.train)} images of {options.train}")
    if options.batch_size < processes.count:
        sys.exit(f"--batch-size {options.batch_size} is less than the {processes.count} processes that share a batch")
    return data


@dataclass(frozen=True)
class Trained:
    """What an epoch of training gives.

    measures: of the training batches as they came.
    optimised_loss: the mean of what the optimizer lowers, with smoothed and soft labels, class weights and votes.
    learning_rate: of the last step.
    """

    measures: Measures
    optimised_loss: float
    learning_rate: float


def train_epoch(
    options: argparse.Namespace,
    data: Data,
    normalise: Normalise,
    state: State,
    parallel: nn.Module,
    processes: Processes,
    stop: StopSignal,
    progress: Progress,
) -> Trained | None:
    """Trains the network for one epoch. Returns None if the training was stopped meanwhile.

    parallel: the network, wrapped so that its gradients are averaged over all processes.
    """
    device = processes.device
    classes = len(data.train.classes)
    use_bf16 = processes.multiplies_bf16()
    kinds = options.augment.split(",")
    weights = class_weights(data.train.labels, classes).to(device) if options.class_weights == "balanced" else None
    epoch_seed = options.seed * SEED_STRIDE + state.epoch
    process_seed = epoch_seed * EPOCH_STRIDE + processes.rank
    # All processes draw the same batches. Each one has its own augmentation, and its own dropout.
    batches = draw_batches(data.train.labels, classes, options.batch_size, options.sampler, epoch_seed)
    augmentation = torch.Generator().manual_seed(process_seed)
    worsening = torch.Generator().manual_seed(process_seed)
    torch.manual_seed(process_seed)

    state.network.train()
    tally = Tally(classes, device)
    total_loss = torch.zeros((), device=device)
    step, learning_rate = 0, 0.0
    for step, whole_batch in enumerate(batches, start=1):
        if processes.any(stop.received):
            return None
        batch = whole_batch[processes.rank :: processes.count]
        images = data.train.images[batch]
        if QUALITY in kinds:
            images = quality.worsen(images, worsening, options.quality_share)
        inputs = augment(normalise(images.to(device)), augmentation, kinds)
        inputs = inputs.to(memory_format=torch.channels_last)
        with torch.autocast(device.type, torch.bfloat16, enabled=use_bf16):
            logits = parallel(inputs).float()
        labels = data.train.labels[batch].to(device)
        loss = training_loss(logits, batch, labels, weights, data, options)
        learning_rate = state.schedule.get_last_lr()[0]
        state.optimizer.zero_grad()
        loss.backward()
        state.optimizer.step()
        state.schedule.step()
        state.average.update_parameters(state.network)
        tally.add(logits[:, :classes].detach(), labels)
        total_loss += loss.detach()
        if processes.is_first:
            progress.report(state.epoch + 1, step, tally.mean_loss)
    if processes.any(stop.received):
        return None
    tally.sum_over(processes)
    processes.sum(total_loss)
    return Trained(tally.measures(), total_loss.item() / (step * processes.count), learning_rate)


if __name__ == "__main__":
    main()
