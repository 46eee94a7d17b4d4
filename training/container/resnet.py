"""A ResNet for small grayscale faces (He et al., "Deep Residual Learning for Image Recognition", 2015).

It differs from the ImageNet form in its stem: one 3x3 convolution and no pooling, because a face of 48x48
pixels has none to spare. The classifier is a 1x1 convolution: runtimes compute it image by image, so that an
image's probabilities don't depend, not even in the last bit, on what else was in its batch.
"""

from functools import reduce

import torch
from torch import Tensor, nn
from torch.nn import functional as F

# The least probability that a class is given.
IMPROBABLE = 1e-3
BLOCKS = {10: (1, 1, 1, 1), 18: (2, 2, 2, 2), 34: (3, 4, 6, 3)}


def convolution(channels_in: int, channels_out: int, kernel: int, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(channels_in, channels_out, kernel, stride, padding=kernel // 2, bias=False),
        nn.BatchNorm2d(channels_out),
    )


class Block(nn.Module):
    """Two 3x3 convolutions and the identity around them."""

    def __init__(self, channels_in: int, channels_out: int, stride: int):
        super().__init__()
        self.first = convolution(channels_in, channels_out, 3, stride)
        self.second = convolution(channels_out, channels_out, 3)
        same = stride == 1 and channels_in == channels_out
        self.shortcut = nn.Identity() if same else convolution(channels_in, channels_out, 1, stride)

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(self.second(F.relu(self.first(x))) + self.shortcut(x))


class ResNet(nn.Module):
    """Normalised faces, float32 [n, 1, height, width] → logits, float32 [n, classes].

    Args:
        classes: number of labels.
        depth: 10, 18 or 34, the count of layers as in the paper.
        width: channels of the first stage; each later stage doubles them (64 in the paper).
        stem_stride: 1 keeps full resolution in the first stage; 2 costs a quarter of the time.
        dropout: probability of dropping a feature before the classifier.
    """

    def __init__(self, classes: int, depth: int = 18, width: int = 32, stem_stride: int = 2, dropout: float = 0.0):
        super().__init__()
        if depth not in BLOCKS:
            raise ValueError(f"depth {depth} is none of {', '.join(map(str, BLOCKS))}")
        self.stem = convolution(1, width, 3, stem_stride)
        stages, channels = [], width
        for stage, count in enumerate(BLOCKS[depth]):
            wider = width * 2**stage
            for block in range(count):
                stages.append(Block(channels, wider, stride=2 if stage and not block else 1))
                channels = wider
        self.stages = nn.Sequential(*stages)
        self.dropout = nn.Dropout(dropout)
        self.classifier = nn.Conv2d(channels, classes, 1)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
        for block in self.stages:
            # A block begins as the identity (Goyal et al., "Accurate, Large Minibatch SGD", 2017).
            nn.init.zeros_(block.second[1].weight)

    def only(self, classes: int) -> None:
        """Forgets all outputs but the first ones."""
        self.classifier.weight = nn.Parameter(self.classifier.weight[:classes].detach())
        self.classifier.bias = nn.Parameter(self.classifier.bias[:classes].detach())

    def forward(self, x: Tensor) -> Tensor:
        x = self.stages(F.relu(self.stem(x)))
        x = x.mean(dim=(2, 3), keepdim=True)
        return self.classifier(self.dropout(x)).flatten(1)


class Classifier(nn.Module):
    """What is exported: faces, uint8 [n, height, width] → probabilities, float32 [n, classes].

    Normalisation, test-time flip and temperature are inside, so that nobody who loads the file can get them wrong.
    temperature, smoothing: as in `probabilities`.
    """

    def __init__(
        self, network: ResNet, mean: float, deviation: float, flip: bool, temperature: float, smoothing: float
    ):
        super().__init__()
        self.network, self.mean, self.deviation, self.flip = network, mean, deviation, flip
        self.temperature, self.smoothing = temperature, smoothing

    def forward(self, faces: Tensor) -> Tensor:
        x = ((faces.float() - self.mean) / self.deviation).unsqueeze(1)
        logits = self.network(x)
        if self.flip:
            logits = (logits + self.network(torch.flip(x, dims=(3,)))) / 2
        return probabilities(logits, self.temperature, self.smoothing)


def probabilities(logits: Tensor, temperature: float, smoothing: float) -> Tensor:
    """Logits, float32 [n, classes] → probabilities, float32 [n, classes], in the same order of classes.

    temperature: what logits are divided by, so that a confidence is a probability of being right (Guo et al., "On
    Calibration of Modern Neural Networks", 2017). smoothing: of the labels that were learned, as if each class had had
    a part of it; it is taken away again, or no face could ever be surer than the labels were.
    """
    learned = (logits / temperature).softmax(dim=1)
    # The network may stay under what each class was promised; no class is impossible for that.
    labels = ((learned - smoothing / logits.shape[1]) / (1 - smoothing)).clamp(min=IMPROBABLE)
    # One by one: a reduction adds in another order for another batch.
    return labels / reduce(torch.add, labels.unbind(1)).unsqueeze(1)
