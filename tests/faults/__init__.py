"""Trials of the deployed application: faults are injected, and the results must still be correct."""

import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
for folder in (ROOT, ROOT / "functions"):
    sys.path.insert(0, str(folder))
