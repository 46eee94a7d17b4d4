"""Files and folders of the repository that more than one module uses."""

from pathlib import Path

ROOT = Path(__file__).parent.parent
TEMPLATE = ROOT / "template.yaml"
FUNCTIONS = ROOT / "functions"
# The face detector, and the requirements of the functions that classify. template.yaml makes a layer of this folder.
LAYER = ROOT / "layer"
DETECTOR = LAYER / "detector.onnx"
# The default model: model.onnx and model.json. Each folder in it has another model.
MODEL = ROOT / "models"
# Images that may be published: sample faces, one folder per label, and photos.
ALL_SAMPLES = ROOT / "samples"
SAMPLES = ALL_SAMPLES / "faces"
# Generated files that can be deleted at any time: logs, results.
BUILD = ROOT / "build"
