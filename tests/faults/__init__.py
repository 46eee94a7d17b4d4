"""Faults, injected into the deployed application, and what must hold all the same."""

import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
for folder in (ROOT, ROOT / "functions"):
    sys.path.insert(0, str(folder))
