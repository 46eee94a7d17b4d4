"""Finds faces in an image, with the ONNX model in models/detector. ORIGIN.md there describes its inputs and outputs."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnxruntime
from PIL import Image

from mien.logic.pictures import Detection

# Pixels of the longer side in which faces are looked for.
SEARCH_SIDE = 1024
# Both sides of the detector's input are multiples of this.
STRIDE = 32
MIN_SCORE = 0.7
# Two boxes that overlap more than this, as a part of their union, are the same face.
MAX_OVERLAP = 0.3


class Detector:
    """A face detector. version: changes if the file changes."""

    def __init__(self, path: Path):
        content = path.read_bytes()
        self.version = hashlib.sha256(content).hexdigest()[:12]
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        self.session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])

    def find(self, image: Image.Image) -> Sequence[Detection]:
        """Returns the faces in an upright RGB image of any size."""
        scale = min(1.0, SEARCH_SIDE / max(image.size))
        if scale < 1:
            size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
            image = image.resize(size, Image.Resampling.BOX)
        padded = np.zeros((-(-image.height // STRIDE) * STRIDE, -(-image.width // STRIDE) * STRIDE, 3), np.uint8)
        padded[: image.height, : image.width] = np.asarray(image)
        boxes, scores = self.session.run(["boxes", "scores"], {"image": padded})
        chosen = scores >= MIN_SCORE
        boxes, scores = boxes[chosen], scores[chosen]
        order = np.argsort(-scores, kind="stable")
        found = []
        for index in without_overlaps(boxes, order):
            left, top, right, bottom = (float(edge) / scale for edge in boxes[index])
            found.append(Detection((left, top, right, bottom), float(scores[index])))
        return found


def load_detector(path: str) -> Detector:
    return Detector(Path(path))


def without_overlaps(boxes: np.ndarray, order: np.ndarray) -> list[int]:
    """Returns the indices of boxes that overlap with no earlier one. boxes: float32 [n, 4]; order: int64 [n]."""
    kept: list[int] = []
    areas = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
    for index in order:
        others = boxes[kept]
        low = np.maximum(others[:, :2], boxes[index, :2])
        high = np.minimum(others[:, 2:], boxes[index, 2:])
        shared = np.clip(high - low, 0, None).prod(1)
        if not (shared > MAX_OVERLAP * (areas[kept] + areas[index] - shared)).any():
            kept.append(int(index))
    return kept
