"""ResNets in their ImageNet form, with random weights, to compare the speed of our model with.

Source: He et al., "Deep Residual Learning for Image Recognition", 2015.
"""

import warnings
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

# The number of labels.
CLASSES = 7


@dataclass(frozen=True)
class Architecture:
    """blocks: number of residual blocks in each stage. bottleneck: whether a block has three convolutions, not two."""

    blocks: tuple[int, ...]
    bottleneck: bool


# Table 1 of the paper.
RESNETS = {18: Architecture((2, 2, 2, 2), False), 50: Architecture((3, 4, 6, 3), True)}
# The last convolution of a bottleneck block has this many times the channels of the others. Table 1 of the paper.
BOTTLENECK_EXPANSION = 4


def convolution(channels_in: int, channels_out: int, kernel: int, stride: int = 1) -> nn.Sequential:
    padding = kernel // 2
    return nn.Sequential(
        nn.Conv2d(channels_in, channels_out, kernel, stride, padding, bias=False), nn.BatchNorm2d(channels_out)
    )


class Block(nn.Module):
    """A residual block: two 3x3 convolutions, or 1x1, 3x3 and 1x1 in a bottleneck, and a shortcut around them.

    channels: of the input.
    width: channels of the 3x3 convolutions.
    """

    def __init__(self, channels: int, width: int, stride: int, bottleneck: bool):
        super().__init__()
        out = BOTTLENECK_EXPANSION * width if bottleneck else width
        if bottleneck:
            parts = [convolution(channels, width, 1), convolution(width, width, 3, stride), convolution(width, out, 1)]
        else:
            parts = [convolution(channels, width, 3, stride), convolution(width, out, 3)]
        self.residual = nn.Sequential(*(layer for part in parts for layer in (part, nn.ReLU())))[:-1]
        self.shortcut = nn.Identity() if channels == out and stride == 1 else convolution(channels, out, 1, stride)

    def forward(self, x: Tensor) -> Tensor:
        return torch.relu(self.residual(x) + self.shortcut(x))


def resnet(depth: int) -> nn.Sequential:
    """The ImageNet form of a ResNet, with CLASSES outputs. depth: a key of RESNETS.

    In a bottleneck block the 3x3 convolution has the stride, as in most implementations since the paper.
    """
    architecture = RESNETS[depth]
    expansion = BOTTLENECK_EXPANSION if architecture.bottleneck else 1
    layers: list[nn.Module] = [convolution(3, 64, 7, 2), nn.ReLU(), nn.MaxPool2d(3, 2, 1)]
    channels = 64
    for stage, count in enumerate(architecture.blocks):
        width = 64 * 2**stage
        for block in range(count):
            # Each stage but the first halves the height and the width of its input.
            stride = 2 if stage > 0 and block == 0 else 1
            layers.append(Block(channels, width, stride, architecture.bottleneck))
            channels = width * expansion
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, CLASSES), nn.Softmax(1))


def export(network: nn.Module, path: Path) -> Path:
    """Exports a network to ONNX like train.py does: any batch size, and normalisations folded into convolutions."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        torch.onnx.export(
            network.eval(),
            (torch.zeros(2, 3, 224, 224),),
            path,
            dynamo=False,
            opset_version=17,
            input_names=["images"],
            output_names=["probabilities"],
            dynamic_axes={"images": {0: "n"}, "probabilities": {0: "n"}},
        )
    return path
