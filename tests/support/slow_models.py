"""A model whose runs end when a test allows it."""

import json
import threading
from pathlib import Path

import numpy as np

from contract import read_contract
from network import Network
from tests.support.onnx_files import color_contract

SIZE = 16
CHUNK = 4
# A run with an image of only this value fails.
BAD = 255


class SlowModel:
    """Answers each image with its first pixel, and with the two numbers that follow.

    network: reads gray images of SIZE pixels, at most CHUNK in one run.
    sizes: the number of images in each run that has begun.
    """

    def __init__(self, folder: Path) -> None:
        output = {"name": "scores", "values": "probabilities"}
        (folder / "model.json").write_text(json.dumps(color_contract(SIZE, "NHW", "uint8", output=output)))
        (folder / "model.onnx").touch()
        self.network = Network(read_contract(folder), self.run, CHUNK)
        self.sizes: list[int] = []
        self.allowed = threading.Semaphore(0)

    def run(self, images: np.ndarray) -> np.ndarray:
        self.sizes.append(len(images))
        assert self.allowed.acquire(timeout=20)
        if (images == BAD).all((1, 2)).any():
            raise ValueError("a bad image")
        return images[:, 0, :1] + np.arange(3)

    def allow(self, runs: int) -> None:
        """Lets this many runs end, now or later."""
        self.allowed.release(runs)


def images(*values: int) -> np.ndarray:
    """An image of one gray level for each value."""
    return np.stack([np.full((SIZE, SIZE), value, np.uint8) for value in values])
