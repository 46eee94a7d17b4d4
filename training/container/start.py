"""What a training begins with: the network, its moving average, the optimizer and the schedule of its learning rate."""

import argparse
import dataclasses
import re
from pathlib import Path

import torch

import contract
from averaging import average_weights
from backbone import Backbone, OtherLayout
from batches import steps_per_epoch
from checkpoint import State
from faces import Data
from processes import Processes
from resnet import BLOCKS, LARGE, Normalise, ResNet
from served_weights import read_served, unfold
from weights import Start, UnusableWeights, fit_color, fit_normalisation, read_start

# Images that show what comes into each layer of a network whose normalisations were folded.
UNFOLDED = 256
# Share of the steps in which the learning rate rises.
WARM_UP = 0.2


def read_weights(path: Path) -> Start:
    """Reads the weights that a training starts from: a model.onnx, or a file of weights. Raises UnusableWeights."""
    return read_served(path) if path.suffix == contract.ONNX_SUFFIX and path.is_file() else read_start(path)


def initial_state(options: argparse.Namespace, data: Data, start: Start | None, processes: Processes) -> State:
    """The network with random weights, or with those to start from, and its optimizer. Raises UnusableWeights."""
    # One output per class and, if votes are learned, one per answer that people could give.
    outputs = len(data.train.classes) + (data.train.votes.shape[1] if options.votes else 0)
    channels = contract.CHANNELS[data.train.color]
    if start:
        network = started_network(start, outputs, channels, options, data.train.classes)
        if start.is_folded:
            unfold(network, Normalise(*data.normalisation)(data.train.images[:UNFOLDED]))
        processes.say(f"starting from {start.name}, which decides the network instead of --depth and --width")
    else:
        large = data.train.size >= LARGE
        network = ResNet(
            *(outputs, options.depth, options.width, options.stem_stride, options.dropout, channels, large),
            standardize=bool(options.standardize),
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


def started_network(
    start: Start, outputs: int, channels: int, options: argparse.Namespace, classes: list[str]
) -> ResNet | Backbone:
    """A network of the kind that the weights are of, with the weights. Raises UnusableWeights.

    Its outputs are new if the classes are other ones.
    """
    weights = dict(start.weights)
    network = our_network(start, outputs, channels, options) if start.is_ours else None
    try:
        network = network or Backbone({n: w.shape for n, w in weights.items()}, outputs, channels, options.dropout)
    except OtherLayout as error:
        raise UnusableWeights(
            f"{start.name} has weights of another network than a ResNet of torchvision or timm, or a model.pt: {error}"
        ) from None
    stem, head = ("stem.0.weight", "classifier") if start.is_ours else ("conv1.weight", "fc")
    weights[stem] = fit_color(weights[stem], channels)
    for part in (f"{head}.weight", f"{head}.bias"):
        new = network.state_dict()[part].clone()
        if list(start.classes) == classes and part in weights and weights[part].shape[1:] == new.shape[1:]:
            # One of both can have outputs that learn votes, behind those of the classes.
            known = min(len(new), len(weights[part]))
            new[:known] = weights[part][:known]
        weights[part] = new
    try:
        missing, _ = network.load_state_dict(weights, strict=False)
    except RuntimeError:
        raise UnusableWeights(f"{start.name} has weights whose shapes do not fit each other") from None
    lost = [name for name in missing if not name.endswith("num_batches_tracked")]
    if lost:
        raise UnusableWeights(f"{start.name} lacks {lost[0]}")
    return network


def our_network(start: Start, outputs: int, channels: int, options: argparse.Namespace) -> ResNet:
    """A network of resnet.py, as deep and wide as the one that the weights are of. Raises UnusableWeights.

    Its resolution is that of the weights, or the lower one of the options.
    """
    stem = start.weights["stem.0.weight"]
    blocks = len({found[0] for found in map(re.compile(r"stages\.\d+\.").match, start.weights) if found})
    depths = {sum(stages): depth for depth, stages in BLOCKS.items()}
    if blocks not in depths or stem.ndim != 4:
        raise UnusableWeights(
            f"{start.name} has {blocks} blocks, and a network of train.py has {', '.join(map(str, depths))}"
        )
    # Weights of the full resolution can learn to work with a quarter of it, but not the other way round.
    stride = max(start.stem_stride, options.stem_stride)
    large = stem.shape[2] > 3
    return ResNet(
        *(outputs, depths[blocks], stem.shape[0], stride, options.dropout, channels, large),
        standardize=start.standardize or bool(options.standardize),
    )


def started_data(data: Data, start: Start | None) -> Data:
    """The data with the normalisation that the weights have learned with, if it is known."""
    if not start or not start.normalisation:
        return data
    channels = contract.CHANNELS[data.train.color]
    return dataclasses.replace(data, normalisation=fit_normalisation(start.normalisation, channels))


def one_cycle(
    options: argparse.Namespace, data: Data, optimizer: torch.optim.Optimizer, epochs: int
) -> torch.optim.lr_scheduler.LRScheduler:
    """The learning rate of the next epochs: it begins low, rises to its peak, and falls to almost zero.

    A training that continues for more epochs than it was begun for gets another such cycle. Its accuracy first falls,
    and the best model so far is kept until a better one exists (Loshchilov and Hutter, "SGDR", 2017).
    """
    steps = epochs * steps_per_epoch(len(data.train), options.batch_size)
    return torch.optim.lr_scheduler.OneCycleLR(optimizer, options.learning_rate, steps, pct_start=WARM_UP)
