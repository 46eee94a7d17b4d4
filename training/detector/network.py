"""The detector's weights → an ONNX model that turns an image into boxes and scores.

The network is YuNet. Source: Wu et al., "YuNet: A Tiny Millisecond-level Face Detector", 2023.

Almost all of its convolutions are separated into two: `pw` mixes the channels of each pixel, then `dw` applies 3x3
weights to each channel alone.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

# The oldest versions that have all operators in this form, so that many runtimes can read the file.
OPSET = 13
IR_VERSION = 7
# Input pixels per cell of each of the three levels. The first level finds the smallest faces.
STRIDES = (8, 16, 32)
# Each level has a head, a separable convolution, for each of these. The library also has one for landmarks, `kps`.
HEADS = ("cls", "obj", "bbox")
# The library stores 27 weights of each output, 3x3 pixels of blue, green and red, in 32 places.
FIRST_LAYER_OUTPUTS, FIRST_LAYER_PLACES, FIRST_LAYER_WEIGHTS = 16, 32, 27


def build(arrays: Mapping[str, np.ndarray]) -> bytes:
    """Returns the model as an ONNX file. The same arrays give the same bytes.

    arrays: float32 [n] by name, as weights.read_wheel returns them.

    The model's contract is described in layer/ORIGIN.md.
    """
    graph = Graph(arrays)
    levels = [graph.decode(level, features) for level, features in enumerate(graph.neck(*graph.backbone("image")))]
    graph.node("Concat", [boxes for boxes, _ in levels], output="boxes", axis=0)
    graph.node("Concat", [scores for _, scores in levels], output="scores", axis=0)
    model = helper.make_model(
        helper.make_graph(
            graph.nodes,
            "YuNet",
            [helper.make_tensor_value_info("image", TensorProto.UINT8, ["height", "width", 3])],
            [
                helper.make_tensor_value_info("boxes", TensorProto.FLOAT, ["n", 4]),
                helper.make_tensor_value_info("scores", TensorProto.FLOAT, ["n"]),
            ],
            graph.constants,
        ),
        producer_name="mien",
        ir_version=IR_VERSION,
        opset_imports=[helper.make_opsetid("", OPSET)],
    )
    onnx.checker.check_model(model, full_check=True)
    return bytes(model.SerializeToString(deterministic=True))


class Graph:
    """Collects the nodes and the constants of a graph. Its methods take and return names of values."""

    def __init__(self, arrays: Mapping[str, np.ndarray]) -> None:
        self.arrays = arrays
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []

    def node(self, operator: str, inputs: Sequence[str], output: str = "", **attributes: Any) -> str:
        output = output or f"{operator.lower()}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(operator, inputs, [output], **attributes))
        return output

    def constant(self, value: np.ndarray, name: str = "") -> str:
        name = name or f"constant_{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def number(self, value: float) -> str:
        return self.constant(np.array(value, np.float32))

    def integers(self, *values: int) -> str:
        return self.constant(np.array(values, np.int64))

    def convolve(self, features: str, layer: str, weights: np.ndarray, **attributes: Any) -> str:
        bias = self.constant(self.arrays[f"{layer}_bias"], f"{layer}_bias")
        return self.node("Conv", [features, self.constant(weights, f"{layer}_weight"), bias], **attributes)

    def separable(self, features: str, layer: str) -> str:
        """Mixes the channels, then applies 3x3 weights to each. Has no activation."""
        outputs = self.arrays[f"{layer}_pw_bias"].size
        mixing = self.arrays[f"{layer}_pw_weight"].reshape(outputs, -1, 1, 1)
        # The library stores all channels of one place in the 3x3 window together.
        windows = self.arrays[f"{layer}_dw_weight"].reshape(3, 3, outputs).transpose(2, 0, 1)[:, None]
        mixed = self.convolve(features, f"{layer}_pw", mixing)
        return self.convolve(mixed, f"{layer}_dw", windows, group=outputs, pads=[1, 1, 1, 1])

    def unit(self, features: str, layer: str) -> str:
        return self.node("Relu", [self.separable(features, layer)])

    def pool(self, features: str) -> str:
        return self.node("MaxPool", [features], kernel_shape=[2, 2], strides=[2, 2])

    def backbone(self, image: str) -> tuple[str, str, str]:
        """An image, uint8 [height, width, 3] → features of the three levels, float32 [1, 64, height, width]."""
        channels = self.node("Transpose", [image], perm=[2, 0, 1])
        pixels = self.node("Unsqueeze", [self.node("Cast", [channels], to=TensorProto.FLOAT), self.integers(0)])
        layer = "backbone__model0_pw"
        stored = self.arrays[f"{layer}_weight"].reshape(FIRST_LAYER_OUTPUTS, FIRST_LAYER_PLACES)
        windows = stored[:, :FIRST_LAYER_WEIGHTS].reshape(FIRST_LAYER_OUTPUTS, 3, 3, 3)
        red_green_blue = windows.transpose(0, 3, 1, 2)[:, ::-1]
        features = self.convolve(pixels, layer, red_green_blue, strides=[2, 2], pads=[1, 1, 1, 1])
        features = self.pool(self.unit(self.node("Relu", [features]), "backbone__model0_dp"))
        features = self.stage(features, "backbone__model1")
        features = self.pool(self.stage(features, "backbone__model2"))
        first = self.stage(features, "backbone__model3")
        second = self.stage(self.pool(first), "backbone__model4")
        third = self.stage(self.pool(second), "backbone__model5")
        return first, second, third

    def stage(self, features: str, name: str) -> str:
        return self.unit(self.unit(features, f"{name}_dp1"), f"{name}_dp2")

    def neck(self, first: str, second: str, third: str) -> tuple[str, str, str]:
        """Adds what the coarser levels have found to the finer ones."""
        third = self.unit(third, "neck__lateral_convs__2")
        second = self.unit(self.add_enlarged(second, third), "neck__lateral_convs__1")
        first = self.unit(self.add_enlarged(first, second), "neck__lateral_convs__0")
        return first, second, third

    def add_enlarged(self, fine: str, coarse: str) -> str:
        factors = self.constant(np.array([1, 1, 2, 2], np.float32))
        enlarged = self.node(
            "Resize",
            [coarse, "", factors],
            mode="nearest",
            coordinate_transformation_mode="asymmetric",
            nearest_mode="floor",
        )
        return self.node("Add", [fine, enlarged])

    def decode(self, level: int, features: str) -> tuple[str, str]:
        """Features of a level → boxes, float32 [n, 4] in pixels of the image, and scores, float32 [n], one per cell.

        A cell at (x, y) pixels describes its box by four numbers: the centre relative to (x, y), in cells, and the
        logarithms of width and height in cells. Its score is the geometric mean of two: whether the cell shows a face,
        and how well the box fits.
        """
        heads = {name: self.separable(features, f"bbox_head__multi_level_{name}__{level}") for name in HEADS}
        offset, log_size = self.halves(heads["bbox"])
        center = self.node("Add", [offset, self.cells(heads["cls"])])
        half_size = self.node("Mul", [self.node("Exp", [log_size]), self.number(0.5)])
        corners = [self.node("Sub", [center, half_size]), self.node("Add", [center, half_size])]
        boxes = self.node("Mul", [self.node("Concat", corners, axis=1), self.number(STRIDES[level])])
        boxes = self.node("Transpose", [boxes], perm=[0, 2, 3, 1])
        is_face, fit = (self.node("Sigmoid", [heads[name]]) for name in ("cls", "obj"))
        scores = self.node("Sqrt", [self.node("Mul", [is_face, fit])])
        return (
            self.node("Reshape", [boxes, self.integers(-1, 4)]),
            self.node("Reshape", [scores, self.integers(-1)]),
        )

    def halves(self, features: str) -> list[str]:
        """Splits four channels into two and two."""
        names = [f"split_{len(self.nodes)}_{half}" for half in range(2)]
        self.nodes.append(helper.make_node("Split", [features, self.integers(2, 2)], names, axis=1))
        return names

    def cells(self, features: str) -> str:
        """The column and the row of each cell, float32 [1, 2, height, width], for features of one channel."""
        one = numpy_helper.from_array(np.ones(1, np.float32))
        ones = self.node("ConstantOfShape", [self.node("Shape", [features])], value=one)
        axes = (self.integers(3), self.integers(2))
        return self.node("Concat", [self.node("CumSum", [ones, axis], exclusive=1) for axis in axes], axis=1)
