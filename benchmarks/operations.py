"""Counts what a network computes for one image: its multiplications and additions, and its weights."""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

# These hand a weight on, under another name: a network that is applied twice names its weights twice, and a network of
# 8-bit integers stores them as such.
PASSING = ("Identity", "DequantizeLinear")
QUANTIZING = ("QuantizeLinear", "DequantizeLinear")


class Node(NamedTuple):
    """A node of an ONNX graph: its operator, and the names of its inputs and of its first output."""

    operator: str
    inputs: Sequence[str]
    output: str


def count_operations(
    nodes: Iterable[Node], weights: Mapping[str, Sequence[int]], shapes: Mapping[str, Sequence[int]]
) -> int:
    """Operations of all convolutions and matrix products for one image.

    Each weight needs two, a multiplication and an addition, at each position to which it is applied.

    nodes: in the order of the graph.
    weights: the shape of each weight, by its name.
    shapes: the shape of each output of a node, by its name. The first length, of the batch, does not count.
    """
    known = dict(weights)
    total = 0
    for node in nodes:
        if node.operator in PASSING and node.inputs[0] in known:
            known[node.output] = known[node.inputs[0]]
        elif node.operator == "Conv":
            total += 2 * math.prod(known[node.inputs[1]]) * math.prod(shapes[node.output][2:])
        elif node.operator in ("Gemm", "MatMul"):
            # Between the length of the batch and that of the output, a product has one position per row.
            total += 2 * math.prod(known[node.inputs[1]]) * math.prod(shapes.get(node.output, ())[1:-1])
    return total


def count_parameters(nodes: Iterable[Node], weights: Mapping[str, Sequence[int]]) -> int:
    """How many weights there are, without the scales and zero points of quantized values."""
    scales = {name for node in nodes if node.operator in QUANTIZING for name in node.inputs[1:]}
    return sum(math.prod(shape) for name, shape in weights.items() if name not in scales)
