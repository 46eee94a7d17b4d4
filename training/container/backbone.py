"""A ResNet with the names and shapes of torchvision's and timm's, into which their weights fit.

The shapes of a state_dict decide the network: basic blocks (ResNet-18, 34) or bottlenecks (50, 101, 152, ResNeXt, Wide
ResNet), how many there are, and how wide they are. The output layer alone differs: it is a 1x1 convolution, as in
resnet.py, and for the reason that is said there.
Source: torchvision, `models/resnet.py`; its bottlenecks have their stride in the 3x3 convolution ("ResNet v1.5").
"""

import re
from collections.abc import Mapping

from torch import Size, Tensor, nn
from torch.nn import functional as F

from resnet import keep_first_outputs

STAGES = ("layer1", "layer2", "layer3", "layer4")
Shapes = Mapping[str, Size]


class OtherLayout(ValueError):
    """The weights are those of another kind of network."""


def convolution(shape: Size, channels_in: int, stride: int = 1) -> nn.Conv2d:
    """A convolution whose weight has this shape: outputs, inputs per group, height, width."""
    outputs, inputs_per_group, kernel, _ = shape
    groups = channels_in // inputs_per_group
    return nn.Conv2d(channels_in, outputs, kernel, stride, padding=kernel // 2, groups=groups, bias=False)


class Block(nn.Module):
    """Two 3x3 convolutions, or a 3x3 one between two 1x1 ones, and a shortcut around them.

    shapes: of the whole network. prefix: of this block's names, such as "layer1.0.".
    """

    def __init__(self, shapes: Shapes, prefix: str, channels_in: int, stride: int):
        super().__init__()
        self.is_bottleneck = f"{prefix}conv3.weight" in shapes
        first, second = (shapes[f"{prefix}conv{number}.weight"] for number in (1, 2))
        self.conv1 = convolution(first, channels_in, 1 if self.is_bottleneck else stride)
        self.bn1 = nn.BatchNorm2d(first[0])
        self.conv2 = convolution(second, first[0], stride if self.is_bottleneck else 1)
        self.bn2 = nn.BatchNorm2d(second[0])
        self.channels = second[0]
        if self.is_bottleneck:
            third = shapes[f"{prefix}conv3.weight"]
            self.conv3 = convolution(third, second[0])
            self.bn3 = nn.BatchNorm2d(third[0])
            self.channels = third[0]
        self.downsample = None
        shortcut = shapes.get(f"{prefix}downsample.0.weight")
        if shortcut is not None:
            self.downsample = nn.Sequential(convolution(shortcut, channels_in, stride), nn.BatchNorm2d(shortcut[0]))

    def forward(self, x: Tensor) -> Tensor:
        shortcut = x if self.downsample is None else self.downsample(x)
        x = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        if self.is_bottleneck:
            x = self.bn3(self.conv3(F.relu(x)))
        return F.relu(x + shortcut)


class Backbone(nn.Module):
    """Normalised images, float32 [n, channels, size, size] → logits, float32 [n, classes].

    shapes: of the state_dict that the network is made for. Raises OtherLayout if they are no such ResNet's.
    classes: number of outputs.
    channels: 1 for gray images, 3 for RGB.
    dropout: probability of dropping a feature before the output layer.
    """

    # Its stem is always the same.
    stem_stride = 0
    standardize = False

    def __init__(self, shapes: Shapes, classes: int, channels: int, dropout: float = 0.0):
        super().__init__()
        try:
            self.build(shapes, channels)
        except (LookupError, ValueError, ZeroDivisionError, RuntimeError):
            raise OtherLayout("their shapes do not fit each other") from None
        self.dropout = nn.Dropout(dropout)
        self.fc = nn.Conv2d(self.layer4[-1].channels, classes, 1)
        expected = {name: part.shape for name, part in self.state_dict().items() if is_compared(name)}
        found = {name: shape for name, shape in shapes.items() if is_compared(name)}
        unknown = sorted(found.keys() - expected.keys())
        if unknown:
            raise OtherLayout(f"they have {unknown[0]}, which a plain ResNet of torchvision or timm does not have")
        for name, shape in expected.items():
            # The first convolution is fitted to the color of the images.
            if name not in found or (name != "conv1.weight" and found[name] != shape):
                raise OtherLayout(f"{name} is {list(found.get(name, [])) or 'missing'}, not {list(shape)}")

    def build(self, shapes: Shapes, channels: int) -> None:
        stem = shapes["conv1.weight"]
        self.conv1 = nn.Conv2d(channels, stem[0], stem[2], stride=2, padding=stem[2] // 2, bias=False)
        self.bn1 = nn.BatchNorm2d(stem[0])
        self.maxpool = nn.MaxPool2d(3, 2, padding=1)
        channels = stem[0]
        for stage in STAGES:
            blocks = []
            for index in range(count_blocks(shapes, stage)):
                stride = 2 if stage != STAGES[0] and index == 0 else 1
                blocks.append(Block(shapes, f"{stage}.{index}.", channels, stride))
                channels = blocks[-1].channels
            self.add_module(stage, nn.Sequential(*blocks))

    def forward(self, x: Tensor) -> Tensor:
        x = self.maxpool(F.relu(self.bn1(self.conv1(x))))
        for stage in STAGES:
            x = self.get_submodule(stage)(x)
        x = x.mean(dim=(2, 3), keepdim=True)
        return self.fc(self.dropout(x)).flatten(1)

    def keep_outputs(self, count: int) -> None:
        """Removes all outputs but the first `count` ones, for instance those that learned votes."""
        keep_first_outputs(self.fc, count)


def count_blocks(shapes: Shapes, stage: str) -> int:
    pattern = re.compile(rf"{stage}\.(\d+)\.")
    return 1 + max(int(found[1]) for found in map(pattern.match, shapes) if found)


def is_compared(name: str) -> bool:
    """Whether a weight must be there. Old files lack the counts of batches, and the output layer can be another one."""
    return not name.startswith("fc.") and not name.endswith("num_batches_tracked")
