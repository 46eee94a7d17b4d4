"""State_dicts as torchvision's ResNets have them, with weights that are the same on every machine."""

import zlib
from collections.abc import Mapping

import torch
from torch import Tensor

WIDTHS = (64, 128, 256, 512)
# Outputs of a bottleneck, as a multiple of its width.
EXPANSION = 4


def shapes(bottlenecks: bool, classes: int, blocks: int = 1) -> dict[str, tuple[int, ...]]:
    """Names and shapes of `torchvision.models.resnet.ResNet(BasicBlock or Bottleneck, [blocks] * 4, classes)`."""
    found: dict[str, tuple[int, ...]] = {"conv1.weight": (64, 3, 7, 7), **batch_norm("bn1", 64)}
    channels = 64
    for stage, width in enumerate(WIDTHS, start=1):
        for block in range(blocks):
            prefix = f"layer{stage}.{block}"
            sides = [(1, width), (3, width), (1, width * EXPANSION)] if bottlenecks else [(3, width), (3, width)]
            first = channels
            for number, (kernel, outputs) in enumerate(sides, start=1):
                found[f"{prefix}.conv{number}.weight"] = (outputs, channels, kernel, kernel)
                found |= batch_norm(f"{prefix}.bn{number}", outputs)
                channels = outputs
            if block == 0 and (stage > 1 or bottlenecks):
                found[f"{prefix}.downsample.0.weight"] = (channels, first, 1, 1)
                found |= batch_norm(f"{prefix}.downsample.1", channels)
    return found | {"fc.weight": (classes, channels), "fc.bias": (classes,)}


def batch_norm(name: str, channels: int) -> dict[str, tuple[int, ...]]:
    parts = ("weight", "bias", "running_mean", "running_var")
    return {**{f"{name}.{part}": (channels,) for part in parts}, f"{name}.num_batches_tracked": ()}


def wave(shape: tuple[int, ...], name: str) -> Tensor:
    """Numbers from -1 to 1 that depend on a name, float32."""
    count = torch.Size(shape).numel()
    return (
        torch.sin(torch.arange(count, dtype=torch.float64) * 1.3 + zlib.crc32(name.encode()) % 1000).float().view(shape)
    )


def fill(shapes: Mapping[str, tuple[int, ...]]) -> dict[str, Tensor]:
    """Weights of the size that a trained network has."""
    weights = {}
    for name, shape in shapes.items():
        values = wave(shape, name)
        if name.endswith("num_batches_tracked"):
            weights[name] = torch.tensor(1)
        elif len(shape) > 1:
            weights[name] = values * 2 / torch.Size(shape[1:]).numel() ** 0.5
        elif name.endswith(("running_var", "weight")):
            weights[name] = 1 + values / 3
        else:
            weights[name] = values / 10
    return weights
