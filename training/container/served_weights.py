"""Reads the weights of a served network, model.onnx, so that a training can start from it.

In the file, each normalisation is folded into the convolution before it. A training needs it again: `unfold` gives each
one the mean and the deviation of what comes in, and the scale and shift with which it changes nothing.
"""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

import contract
from resnet import LARGE, ResNet
from weights import Start, UnusableWeights


def read_served(path: Path) -> Start:
    """Reads a model.onnx that train.py has written, and model.json beside it. Raises UnusableWeights."""
    try:
        import onnx
    except ImportError:
        raise UnusableWeights(
            f"{path} needs the package onnx, which is not installed: `make install-training` does"
        ) from None
    try:
        described = json.loads(path.with_name(contract.NAME).read_text())
        classes, values = tuple(described["labels"]), described["training"]["hyperparameters"]
        network = ResNet(
            len(classes),
            *(values["depth"], values["width"], values["stem_stride"]),
            channels=3 if described["input"]["color"] == "rgb" else 1,
            standardize=bool(values.get("standardize", 0)),
            large=described["input"]["size"] >= LARGE,
        )
        fill(network, list(convolutions(onnx.load(str(path)))))
    except FileNotFoundError as error:
        raise UnusableWeights(f"{error.filename} is missing") from None
    except Exception:  # onnx raises protobuf's errors.
        raise UnusableWeights(
            f"{path} is no float model that train.py has written, with its model.json beside it"
        ) from None
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return Start(
        *(path.name, digest, network.state_dict(), classes, network.stem_stride),
        standardize=network.standardize,
        is_folded=True,
    )


def convolutions(model: Any) -> Iterator[tuple[Tensor, Tensor]]:
    """Yields weight and bias of each convolution of an onnx.ModelProto, in order. What is used twice comes once."""
    from onnx import numpy_helper

    stored = {tensor.name: tensor for tensor in model.graph.initializer}
    aliases = {node.output[0]: node.input[0] for node in model.graph.node if node.op_type == "Identity"}
    seen = set()
    for node in model.graph.node:
        if node.op_type == "Conv":
            weight, bias = (aliases.get(name, name) for name in node.input[1:])
            if weight not in seen:
                seen.add(weight)
                yield tuple(torch.from_numpy(numpy_helper.to_array(stored[name]).copy()) for name in (weight, bias))


def fill(network: ResNet, found: list[tuple[Tensor, Tensor]]) -> None:
    """Sets all convolutions, and normalisations that only add the bias. Raises ValueError if the shapes do not fit."""
    layers = [module for module in network.modules() if isinstance(module, nn.Conv2d | nn.BatchNorm2d)]
    parts = [layer for layer in layers if isinstance(layer, nn.Conv2d)]
    with torch.no_grad():
        for layer, (weight, bias) in zip(parts, found, strict=True):
            if layer.weight.shape != weight.shape:
                raise ValueError
            layer.weight.copy_(weight)
            follower = layers[layers.index(layer) + 1 :][:1]
            for adding in [layer] if layer.bias is not None else follower:
                adding.bias.copy_(bias)
        for layer in layers:
            if isinstance(layer, nn.BatchNorm2d):
                layer.weight.fill_(1)
                layer.running_mean.zero_()
                layer.running_var.fill_(1 - layer.eps)


@torch.no_grad()
def unfold(network: nn.Module, inputs: Tensor) -> None:
    """Gives each normalisation the statistics of its input, so that training does not change what the network computes.

    inputs: normalised images, float32 [n, channels, size, size].
    """

    def set_statistics(layer: nn.Module, arguments: tuple[Tensor]) -> None:
        assert isinstance(layer, nn.BatchNorm2d)
        variance, mean = torch.var_mean(arguments[0].float(), dim=(0, 2, 3), correction=0)
        layer.bias += mean
        layer.weight.copy_((variance + layer.eps).sqrt())
        layer.running_mean.copy_(mean)
        layer.running_var.copy_(variance)

    layers = [module for module in network.modules() if isinstance(module, nn.BatchNorm2d)]
    hooks = [layer.register_forward_pre_hook(set_statistics) for layer in layers]
    network.eval()
    network(inputs)
    for hook in hooks:
        hook.remove()
