"""The face detector: an image → boxes and scores. layer/ORIGIN.md describes the file that it runs."""

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
    # Photos have many sizes, and memory patterns for all of them take 40 MB more. The arena stays on: if each run gets
    # its memory from the system, it takes longer and needs more.
    options.enable_mem_pattern = False
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])

    def detect(image: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        boxes, scores = session.run(["boxes", "scores"], {"image": image})
        return boxes, scores

    return detect
