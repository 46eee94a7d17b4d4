"""A ResNet for small images, such as faces, and the form of it that is exported.

Source: He et al., "Deep Residual Learning for Image Recognition", 2015. Two parts differ from its ImageNet form. For
images below 128 pixels the stem is one 3x3 convolution without pooling, because a face of 48x48 pixels is already
small. The classifier is a 1x1 convolution, because runtimes compute it image by image: an image's probabilities are
the same to the last bit in every batch.
"""

from functools import reduce

import torch
from torch import Tensor, nn
from torch.nn import functional as F

# No class gets a smaller probability than this, before the probabilities are scaled to a sum of 1.
MINIMUM_PROBABILITY = 1e-3
# Added to an image's standard deviation, so that an even image is not divided by 0. It is far less than a gray level.
MINIMUM_DEVIATION = 1e-3
# From this size on, in pixels, the stem is the paper's: a 7x7 convolution and a maximum, each with stride 2.
LARGE = 128
# From the depth to the count of blocks in each of the four stages. 18 and 34 are the paper's.
BLOCKS = {10: (1, 1, 1, 1), 18: (2, 2, 2, 2), 34: (3, 4, 6, 3)}


def convolution(channels_in: int, channels_out: int, kernel: int, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(channels_in, channels_out, kernel, stride, padding=kernel // 2, bias=False),
        nn.BatchNorm2d(channels_out),
    )


class Block(nn.Module):
    """Two 3x3 convolutions, and a shortcut around them."""

    def __init__(self, channels_in: int, channels_out: int, stride: int):
        super().__init__()
        self.first = convolution(channels_in, channels_out, 3, stride)
        self.second = convolution(channels_out, channels_out, 3)
        same_shape = stride == 1 and channels_in == channels_out
        self.shortcut = nn.Identity() if same_shape else convolution(channels_in, channels_out, 1, stride)

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(self.second(F.relu(self.first(x))) + self.shortcut(x))


class ResNet(nn.Module):
    """Normalised images, float32 [n, channels, size, size] → logits, float32 [n, classes].

    classes: number of outputs.
    depth: 10, 18 or 34, the number of layers as the paper counts them.
    width: channels of the first stage; each later stage doubles them (64 in the paper).
    stem_stride: 1 keeps the full resolution in the first stage; 2 takes a quarter of the time. Large images do not use
        it.
    dropout: probability of dropping a feature before the classifier.
    channels: 1 for gray images, 3 for RGB.
    large: whether the images are large, so that the first stage sees a quarter of their side, as in the paper.
    standardize: bring each image to mean 0 and standard deviation 1 first, so that dark photos look like bright ones.
    """

    def __init__(
        self,
        classes: int,
        depth: int = 18,
        width: int = 32,
        stem_stride: int = 2,
        dropout: float = 0.0,
        channels: int = 1,
        large: bool = False,
        standardize: bool = False,
    ):
        super().__init__()
        if depth not in BLOCKS:
            raise ValueError(f"depth {depth} is not supported: choose one of {', '.join(map(str, BLOCKS))}")
        self.stem_stride = stem_stride
        self.standardize = standardize
        self.stem = convolution(channels, width, 7, 2) if large else convolution(channels, width, 3, stem_stride)
        self.pool = nn.MaxPool2d(3, 2, padding=1) if large else nn.Identity()
        blocks = []
        channels_in = width
        for stage, count in enumerate(BLOCKS[depth]):
            channels_out = width * 2**stage
            for block in range(count):
                halves_resolution = stage > 0 and block == 0
                blocks.append(Block(channels_in, channels_out, stride=2 if halves_resolution else 1))
                channels_in = channels_out
        self.stages = nn.Sequential(*blocks)
        self.dropout = nn.Dropout(dropout)
        self.classifier = nn.Conv2d(channels_in, classes, 1)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
        for block in self.stages:
            # Each block starts as the identity (Goyal et al., "Accurate, Large Minibatch SGD", 2017).
            nn.init.zeros_(block.second[1].weight)

    def forward(self, x: Tensor) -> Tensor:
        if self.standardize:
            x = standardized(x)
        x = self.stages(self.pool(F.relu(self.stem(x))))
        x = x.mean(dim=(2, 3), keepdim=True)
        return self.classifier(self.dropout(x)).flatten(1)

    def keep_outputs(self, count: int) -> None:
        """Removes all outputs but the first `count` ones, for instance those that learned votes."""
        keep_first_outputs(self.classifier, count)


def keep_first_outputs(layer: nn.Conv2d, count: int) -> None:
    """Removes all outputs of an output layer but the first `count` ones."""
    layer.weight = nn.Parameter(layer.weight[:count].detach())
    layer.bias = nn.Parameter(layer.bias[:count].detach())


def standardized(images: Tensor) -> Tensor:
    """Brings each image, float32 [n, channels, size, size], to mean 0 and standard deviation 1 over all its pixels.

    All channels of an image are moved and scaled alike, so its colors stay different.
    """
    centered = images - images.mean(dim=(1, 2, 3), keepdim=True)
    deviation = (centered * centered).mean(dim=(1, 2, 3), keepdim=True).sqrt()
    return centered / (deviation + MINIMUM_DEVIATION)


class Normalise(nn.Module):
    """Images, uint8 [n, size, size] or [n, size, size, 3] → float32 [n, channels, size, size].

    Training, validation and the served model all use it, so they can't differ.

    mean, deviation: gray levels, one per channel.
    """

    def __init__(self, mean: list[float], deviation: list[float]):
        super().__init__()
        self.gray = len(mean) == 1
        self.register_buffer("mean", torch.tensor(mean).view(1, -1, 1, 1))
        self.register_buffer("deviation", torch.tensor(deviation).view(1, -1, 1, 1))

    def forward(self, images: Tensor) -> Tensor:
        pixels = images.unsqueeze(1) if self.gray else images.permute(0, 3, 1, 2)
        return (pixels.float() - self.mean) / self.deviation


class Classifier(nn.Module):
    """The module that is exported: images, uint8 [n, size, size] or [n, size, size, 3] → probabilities, float32
    [n, classes].

    Normalisation, test-time flip and calibration are inside it, so no program that loads the file can get them wrong.

    mean, deviation: gray levels, one per channel of color, by which images are normalised.
    flip: average the logits of each image and its mirror image.
    temperature, smoothing: as in `probabilities`.
    """

    def __init__(
        self,
        network: nn.Module,
        mean: list[float],
        deviation: list[float],
        flip: bool,
        temperature: float,
        smoothing: float,
    ):
        super().__init__()
        self.network = network
        self.normalise = Normalise(mean, deviation)
        self.mean = mean
        self.deviation = deviation
        self.flip = flip
        self.temperature = temperature
        self.smoothing = smoothing

    def forward(self, images: Tensor) -> Tensor:
        x = self.normalise(images)
        logits = self.network(x)
        if self.flip:
            logits = (logits + self.network(torch.flip(x, dims=(3,)))) / 2
        return probabilities(logits, self.temperature, self.smoothing)


def probabilities(logits: Tensor, temperature: float, smoothing: float) -> Tensor:
    """Logits, float32 [n, classes] → calibrated probabilities, float32 [n, classes], with rows that sum to 1.

    temperature: divides the logits; the right one makes a confidence the probability of being right (Guo et al., "On
        Calibration of Modern Neural Networks", 2017). `artifact.fit_temperature` finds it.
    smoothing: the label smoothing of the training, from 0 to 1 exclusive. It is subtracted again, because otherwise no
        probability could exceed the largest smoothed label.
    """
    smoothed = (logits / temperature).softmax(dim=1)
    # A network can give a class less than its smoothed label's minimum. That must not make a probability negative.
    unsmoothed = ((smoothed - smoothing / logits.shape[1]) / (1 - smoothing)).clamp(min=MINIMUM_PROBABILITY)
    # The classes are added one by one: a reduction adds in an order that depends on the size of the batch.
    return unsmoothed / reduce(torch.add, unsmoothed.unbind(1)).unsqueeze(1)
