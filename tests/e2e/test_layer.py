"""The detector's layer, as `sam build` builds it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from local import sam
from local.package import LAYER_FOLDER

# AWS Lambda Developer Guide, "Lambda quotas": a function's package and its layers, unpacked.
LIMIT = 250 * 1024**2
# The number of a processor at byte 18 of an ELF file.
PROCESSORS = {"arm64": 183, "x86_64": 62}
# Runs with nothing on Python's path but the standard library and the layer.
PROGRAM = """
import os, sys
sys.path.append(sys.argv[1])
import numpy, onnxruntime
session = onnxruntime.InferenceSession(os.path.join(sys.argv[1], "detector.onnx"))
boxes, scores = session.run(None, {"image": numpy.zeros((64, 64, 3), numpy.uint8)})
print(boxes.shape[1], *(os.path.dirname(os.path.dirname(module.__file__)) for module in (numpy, onnxruntime)))
"""


@pytest.fixture(scope="module", params=PROCESSORS)
def built(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    """A processor, and the folder of what was built for it."""
    architecture = request.param
    if architecture == sam.architecture():
        sam.build()
        return architecture, sam.BUILT
    build, cache = (tmp_path_factory.mktemp(name) for name in ("build", "cache"))
    folders = ["--build-dir", str(build), "--cache-dir", str(cache)]
    sam.run_sam("build", *folders, "--parameter-overrides", f"Architecture={architecture}")
    return architecture, build


def test_all_libraries_are_for_the_functions_processor(built: tuple[str, Path]) -> None:
    architecture, folder = built
    headers = [path.read_bytes()[:20] for path in folder.rglob("*.so*")]
    processors = {int.from_bytes(header[18:], "little") for header in headers if header.startswith(b"\x7fELF")}
    assert processors == {PROCESSORS[architecture]}


def test_a_function_and_the_layer_are_far_below_lambdas_limit(built: tuple[str, Path]) -> None:
    _, folder = built
    sizes = [
        sum(path.stat().st_size for path in (folder / name).rglob("*") if path.is_file())
        for name in ("InboxFunction", "DetectorLayer")
    ]
    assert sum(sizes) < 0.7 * LIMIT


def test_the_layer_alone_runs_the_detector() -> None:
    sam.build()
    layer = sam.BUILT / "DetectorLayer" / LAYER_FOLDER
    ran = subprocess.run(
        [sys.executable, "-I", "-S", "-c", PROGRAM, str(layer)],
        env={"PATH": os.environ["PATH"]},
        check=True,
        capture_output=True,
        text=True,
    )
    assert ran.stdout.split() == ["4", str(layer), str(layer)]
