"""What a training begins with: the network, its moving average, the optimizer and the schedule of its learning rate."""

import argparse

import torch

import contract
from averaging import average_weights
from batches import steps_per_epoch
from checkpoint import State
from faces import Data
from processes import Processes
from resnet import LARGE, ResNet

# Share of the steps in which the learning rate rises.
WARM_UP = 0.2


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
    steps = epochs * steps_per_epoch(len(data.train), options.batch_size)
    return torch.optim.lr_scheduler.OneCycleLR(optimizer, options.learning_rate, steps, pct_start=WARM_UP)
