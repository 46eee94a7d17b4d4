"""The operations and weights of a network are counted from its graph."""

from benchmarks.operations import Node, count_operations, count_parameters

WEIGHTS = {"filter": (32, 1, 3, 3), "bias": (32,), "matrix": (32, 7)}
SHAPES = {"features": (0, 32, 24, 24), "mean": (0, 32), "logits": (0, 7)}
NETWORK = [
    Node("Conv", ("image", "filter", "bias"), "features"),
    Node("Relu", ("features",), "positive"),
    Node("ReduceMean", ("positive",), "mean"),
    Node("MatMul", ("mean", "matrix"), "logits"),
]
CONVOLUTION = 2 * (32 * 1 * 3 * 3) * (24 * 24)
PRODUCT = 2 * 32 * 7


def test_a_weight_counts_two_operations_at_each_position() -> None:
    assert count_operations(NETWORK, WEIGHTS, SHAPES) == CONVOLUTION + PRODUCT
    assert count_parameters(NETWORK, WEIGHTS) == 32 * 9 + 32 + 32 * 7


def test_each_channel_of_a_grouped_convolution_meets_only_its_own_weights() -> None:
    grouped = [Node("Conv", ("features", "depthwise"), "again")]
    assert count_operations(grouped, {"depthwise": (32, 1, 3, 3)}, {"again": (0, 32, 12, 12)}) == 2 * 32 * 9 * 144


def test_a_matrix_that_is_applied_to_many_rows_counts_for_each() -> None:
    rows = [Node("MatMul", ("tokens", "matrix"), "keys")]
    assert count_operations(rows, WEIGHTS, {"keys": (0, 197, 7)}) == PRODUCT * 197


def test_a_network_that_is_applied_twice_counts_twice_and_has_its_weights_once() -> None:
    twice = [
        Node("Identity", ("filter",), "same"),
        *NETWORK,
        Node("Conv", ("mirrored", "same", "bias"), "features"),
    ]
    assert count_operations(twice, WEIGHTS, SHAPES) == 2 * CONVOLUTION + PRODUCT
    assert count_parameters(twice, WEIGHTS) == count_parameters(NETWORK, WEIGHTS)


def test_a_network_of_8_bit_integers_has_the_same_operations_and_weights() -> None:
    scales = {"filter scale": (32,), "filter zero": (32,), "image scale": (), "image zero": ()}
    quantized = [
        Node("DequantizeLinear", ("filter", "filter scale", "filter zero"), "float filter"),
        Node("QuantizeLinear", ("image", "image scale", "image zero"), "small image"),
        Node("DequantizeLinear", ("small image", "image scale", "image zero"), "float image"),
        Node("Conv", ("float image", "float filter", "bias"), "features"),
        *NETWORK[1:],
    ]
    assert count_operations(quantized, {**WEIGHTS, **scales}, SHAPES) == CONVOLUTION + PRODUCT
    assert count_parameters(quantized, {**WEIGHTS, **scales}) == count_parameters(NETWORK, WEIGHTS)
