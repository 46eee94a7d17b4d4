"""The face detector: an image → boxes and scores. models/detector/ORIGIN.md describes the file that it runs."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnxruntime

# uint8 [height, width, 3], RGB, sides that are multiples of 32 → boxes, float32 [n, 4] in pixels: left, top, right and
# bottom; and scores, float32 [n], from 0 to 1. Boxes may overlap.
Detector = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]


def load_detector(path: Path) -> Detector:
    """Returns the detector in an ONNX file. It uses one thread.

    Raises whatever ONNX Runtime raises if the file is not a detector of the contract.
    """
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    # A pattern plans the memory of an image from the one before, and takes half as much again.
    options.enable_mem_pattern = False
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])

    def detect(image: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        boxes, scores = session.run(["boxes", "scores"], {"image": image})
        return boxes, scores

    return detect
