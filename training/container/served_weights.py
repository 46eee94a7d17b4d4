"""Reads the weights of a served network, model.onnx, so that a training can start from it.

In the file, each normalisation is folded into the convolution before it. A training needs it again: `unfold` gives each
one the mean and the deviation of what comes in, and the scale and shift with which it changes nothing.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
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
        fill(network, convolutions(onnx.load(str(path))))
    except FileNotFoundError as error:
        raise UnusableWeights(f"{error.filename} is missing") from None
    except Exception:  # onnx raises protobuf's errors.
        raise UnusableWeights(f"{path} is no model that train.py has written, with its model.json beside it") from None
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return Start(
        *(path.name, digest, network.state_dict(), classes, network.stem_stride),
        standardize=network.standardize,
        is_folded=True,
    )


def convolutions(model: Any) -> dict[str, tuple[Tensor, Tensor]]:
    """Returns weight and bias of each convolution of an onnx.ModelProto, by the name of its layer in the network.

    8-bit integers become the floats that they stand for.
    """
    from onnx import numpy_helper

    stored = {tensor.name: tensor for tensor in model.graph.initializer}
    aliases = {node.output[0]: node.input[0] for node in model.graph.node if node.op_type == "Identity"}
    integers = {node.output[0]: node.input for node in model.graph.node if node.op_type == "DequantizeLinear"}

    def read(name: str) -> Tensor:
        values, *scale_and_zero = (numpy_helper.to_array(stored[part]) for part in integers.get(name, [name]))
        if scale_and_zero:
            # One of each for every output channel, the first dimension.
            scale, zero = (part.astype(np.float32).reshape(-1, *[1] * (values.ndim - 1)) for part in scale_and_zero)
            values = (values - zero) * scale
        return torch.from_numpy(values.astype(np.float32))

    return {
        layer_name(node.name): tuple(read(aliases.get(name, name)) for name in node.input[1:])
        for node in model.graph.node
        if node.op_type == "Conv"
    }


def layer_name(node: str) -> str:
    """Returns the name of a layer: stages.2.first.0 for the node /network/stages/stages.2/first/first.0/Conv.

    A pass over the mirror image has the same layers again, with _1 behind the last one.
    """
    parts = re.sub(r"(_\d+)?/Conv(_\d+)?\Z", "", node).removeprefix("/network/").split("/")
    return ".".join(
        part for part, after in zip(parts, [*parts[1:], ""], strict=True) if not after.startswith(f"{part}.")
    )


def fill(network: ResNet, found: Mapping[str, tuple[Tensor, Tensor]]) -> None:
    """Sets all convolutions, and normalisations that only add the bias. Raises ValueError if the weights do not fit."""
    layers = {
        name: module for name, module in network.named_modules() if isinstance(module, nn.Conv2d | nn.BatchNorm2d)
    }
    parts = {name: layer for name, layer in layers.items() if isinstance(layer, nn.Conv2d)}
    if parts.keys() != found.keys():
        raise ValueError
    order = list(layers.values())
    with torch.no_grad():
        for name, layer in parts.items():
            weight, bias = found[name]
            if layer.weight.shape != weight.shape:
                raise ValueError
            layer.weight.copy_(weight)
            follower = order[order.index(layer) + 1 :][:1]
            for adding in [layer] if layer.bias is not None else follower:
                adding.bias.copy_(bias)
        for layer in order:
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
