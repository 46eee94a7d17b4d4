"""The detector's file in ONNX Runtime, in a process of its own to measure its memory."""

import os
import subprocess
import sys

from local.paths import FUNCTIONS, LAYER, ROOT

# Detects in images of 64 sizes, as photos have. Prints the peak memory before and after, in MB.
PROGRAM = """
import numpy as np
from mien.logic.detector import load_detector
from mien.settings import find_detector
from tests.support.peak import peak_memory

detect = load_detector(find_detector())
before = peak_memory()
for height in range(128, 1025, 128):
    for width in range(128, 1025, 128):
        detect(np.zeros((height, width, 3), np.uint8))
print(before, peak_memory())
"""
# The largest image alone takes 40 MB, and all of them take 70 MB.
MEGABYTES = 90


def test_images_of_many_sizes_take_little_more_memory_than_the_largest_one() -> None:
    folders = os.pathsep.join(str(folder) for folder in (FUNCTIONS, ROOT, LAYER))
    ran = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        env={**os.environ, "PYTHONPATH": folders},
        check=True,
        capture_output=True,
        text=True,
    )
    before, after = map(int, ran.stdout.split())
    assert after - before < MEGABYTES
