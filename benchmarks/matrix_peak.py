"""Measures how many operations per second this machine computes at best: a product of two matrices in float32."""

import time

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

# Lengths of square matrices. Small ones fit into a core's cache, and large ones keep all cores busy.
SIZES = (256, 512, 1024)
# Of each size, in seconds.
DURATION = 0.5


def measure_peak(threads: int) -> float:
    """The most operations per second of any product, where a multiplication and an addition are two operations."""
    return max(highest_rate(size, threads) for size in SIZES)


def highest_rate(size: int, threads: int) -> float:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(product(size), options, providers=["CPUExecutionProvider"])
    inputs = {"left": np.random.default_rng(1).random((size, size), np.float32)}
    shortest, end = float("inf"), time.perf_counter() + DURATION
    while (began := time.perf_counter()) < end:
        session.run(None, inputs)
        shortest = min(shortest, time.perf_counter() - began)
    return 2 * size**3 / shortest


def product(size: int) -> bytes:
    """An ONNX model that multiplies its input with a matrix."""
    shape = [size, size]
    left, out = (helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name in ("left", "product"))
    right = numpy_helper.from_array(np.random.default_rng(0).random(shape, np.float32), "right")
    node = helper.make_node("MatMul", ["left", "right"], ["product"])
    graph = helper.make_graph([node], "product", [left], [out], [right])
    # The versions that train.py exports, which all supported versions of ONNX Runtime read.
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString())
