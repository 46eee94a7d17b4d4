"""Looks after a deployed stack from a workstation: commands for dead letters, and for the erasure of images."""

import sys
from pathlib import Path

# The format of messages and events is read from the functions' package, which is deployed but not installed.
sys.path.insert(0, str(Path(__file__).parent.parent / "functions"))
