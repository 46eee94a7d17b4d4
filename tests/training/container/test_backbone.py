"""A backbone computes what torchvision's ResNet computes with the same weights."""

import pytest
import torch

from backbone import Backbone, OtherLayout
from tests.training.torchvision_layout import fill, shapes, wave

# The logits of torchvision 0.28.0, `torchvision.models.resnet.ResNet(BasicBlock or Bottleneck, [1, 1, 1, 1], 3).eval()`
# with the weights of `fill`, for the images of `wave`. torchvision itself is no requirement: its builds fit only the
# build of PyTorch with the same CUDA.
TORCHVISION = {
    "basic blocks": [[-0.028631896, -2.6487927, -4.7988815], [0.02317404, -2.6454058, -4.8444958]],
    "bottlenecks": [[-169.05794, 175.55632, 134.07581], [-167.85431, 172.15802, 133.54918]],
}


def with_fc_as_convolution(weights: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    return {**weights, "fc.weight": weights["fc.weight"][:, :, None, None]}


@pytest.mark.parametrize("kind", TORCHVISION)
def test_a_backbone_computes_what_torchvision_computes(kind: str) -> None:
    layout = shapes(kind == "bottlenecks", classes=3)
    network = Backbone({name: torch.Size(shape) for name, shape in layout.items()}, 3, channels=3).eval()
    network.load_state_dict(with_fc_as_convolution(fill(layout)))
    with torch.inference_mode():
        found = network(wave((2, 3, 64, 64), "images"))
    expected = torch.tensor(TORCHVISION[kind])
    assert (found - expected).abs().max() < 1e-5 * expected.abs().max()


@pytest.mark.parametrize("bottlenecks", [False, True])
def test_the_names_decide_how_many_blocks_there_are(bottlenecks: bool) -> None:
    layout = {name: torch.Size(shape) for name, shape in shapes(bottlenecks, classes=3, blocks=2).items()}
    names = set(Backbone(layout, 3, channels=3).state_dict())
    assert names == set(layout)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"layer1.0.se.fc1.weight": (4, 64, 1, 1)}, r"they have layer1.0.se.fc1.weight, which a plain ResNet"),
        ({"layer2.0.bn1.bias": None}, r"layer2.0.bn1.bias is missing"),
        ({"layer2.0.bn1.bias": (64,)}, r"layer2.0.bn1.bias is \[64\], not \[128\]"),
        ({"conv1.weight": None}, "their shapes do not fit each other"),
        ({"layer2.0.conv1.weight": (128,)}, "their shapes do not fit each other"),
    ],
)
def test_the_weights_of_another_network_are_refused(changes: dict[str, tuple[int, ...] | None], reason: str) -> None:
    layout = {**shapes(False, classes=3), **changes}
    sizes = {name: torch.Size(shape) for name, shape in layout.items() if shape is not None}
    with pytest.raises(OtherLayout, match=reason):
        Backbone(sizes, 3, channels=3)
