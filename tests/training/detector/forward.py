"""The face detector in NumPy, written apart from the ONNX graph: images and features are [height, width, channels]."""

from collections.abc import Mapping

import numpy as np

Arrays = Mapping[str, np.ndarray]


def detect(image: np.ndarray, arrays: Arrays) -> tuple[np.ndarray, np.ndarray]:
    """Returns boxes, float32 [n, 4] in pixels, and scores, float32 [n], before overlapping ones are removed.

    image: uint8 [height, width, 3], RGB. Both sides are multiples of 32.
    """
    features = maximum(unit(first_layer(image, arrays), "backbone__model0_dp", arrays))
    levels = []
    for stage in range(1, 6):
        for name in ("dp1", "dp2"):
            features = unit(features, f"backbone__model{stage}_{name}", arrays)
        if stage >= 3:
            levels.append(features)
        if 2 <= stage <= 4:
            features = maximum(features)
    for level in (2, 1, 0):
        if level < 2:
            levels[level] = levels[level] + levels[level + 1].repeat(2, axis=0).repeat(2, axis=1)
        levels[level] = unit(levels[level], f"neck__lateral_convs__{level}", arrays)
    decoded = [decode(features, level, arrays) for level, features in enumerate(levels)]
    boxes, scores = zip(*decoded, strict=True)
    return np.concatenate(boxes), np.concatenate(scores)


def first_layer(image: np.ndarray, arrays: Arrays) -> np.ndarray:
    """Each output is the product of 27 weights with 3x3 pixels, of blue, green and red."""
    height, width, _ = image.shape
    padded = np.pad(image[..., ::-1].astype(np.float32), ((1, 1), (1, 1), (0, 0)))
    patches = [padded[y : y + height : 2, x : x + width : 2] for y in range(3) for x in range(3)]
    weights = arrays["backbone__model0_pw_weight"].reshape(16, 32)[:, :27]
    return relu(np.concatenate(patches, axis=2) @ weights.T + arrays["backbone__model0_pw_bias"])


def unit(features: np.ndarray, layer: str, arrays: Arrays) -> np.ndarray:
    return relu(separable(features, layer, arrays))


def separable(features: np.ndarray, layer: str, arrays: Arrays) -> np.ndarray:
    height, width, inputs = features.shape
    mixing = arrays[f"{layer}_pw_weight"].reshape(-1, inputs)
    mixed = np.pad(features @ mixing.T + arrays[f"{layer}_pw_bias"], ((1, 1), (1, 1), (0, 0)))
    windows = arrays[f"{layer}_dw_weight"].reshape(9, len(mixing))
    filtered = sum(mixed[y : y + height, x : x + width] * windows[3 * y + x] for y in range(3) for x in range(3))
    return np.asarray(filtered + arrays[f"{layer}_dw_bias"])


def decode(features: np.ndarray, level: int, arrays: Arrays) -> tuple[np.ndarray, np.ndarray]:
    head = "bbox_head__multi_level_{}__{}".format
    stride = 8 << level
    is_face, fit = (1 / (1 + np.exp(-separable(features, head(name, level), arrays))) for name in ("cls", "obj"))
    described = separable(features, head("bbox", level), arrays)
    rows, columns = np.indices(described.shape[:2], np.float32)
    x, y = (columns + described[..., 0]) * stride, (rows + described[..., 1]) * stride
    half_width, half_height = np.exp(described[..., 2]) * stride / 2, np.exp(described[..., 3]) * stride / 2
    boxes = np.stack([x - half_width, y - half_height, x + half_width, y + half_height], axis=2)
    return boxes.reshape(-1, 4), np.sqrt(is_face * fit).ravel()


def maximum(features: np.ndarray) -> np.ndarray:
    """The maximum of each block of 2x2."""
    height, width, channels = features.shape
    return features.reshape(height // 2, 2, width // 2, 2, channels).max((1, 3))


def relu(features: np.ndarray) -> np.ndarray:
    return np.maximum(features, 0)
