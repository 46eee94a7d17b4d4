"""A deployed stack, looked after from a workstation."""

import sys
from pathlib import Path

# What the functions know of messages and events is what is known here.
sys.path.insert(0, str(Path(__file__).parent.parent / "functions"))
